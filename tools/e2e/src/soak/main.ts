/** `npm run soak`: a standing mesh with random faults, random scenarios beside it, memory and descriptors watched. */
import type { Otp } from '@macula/otp-releases';
import { SeededRandom } from '@macula/testkit';
import type { StartedDriver } from '../drivers/driver.js';
import type { Scene } from '../harness/index.js';
import { loadScenario, scenarioNames } from '../load-scenarios.js';
import { runCommand } from '../run-command.js';
import { keepLog, runScenario } from '../run-scenario.js';
import type { Scenario } from '../scenario.js';
import { parseSoakArguments, type SoakArguments, usage } from './arguments.js';
import { faults } from './faults.js';
import { StandingMesh } from './standing-mesh.js';
import { judgedRounds, Watched } from './watched.js';

async function main(): Promise<void> {
  const asked = parseSoakArguments(process.argv.slice(2));
  const { driver, seed } = asked;
  say(`seed ${seed}, driver ${driver.name}, ${asked.hours} h`);
  const prefix = `soak-${process.pid}`;
  const started = await driver.start({ prefix, seed, log: say });
  try {
    const otps: Otp[] = await Promise.all(asked.releases.map((release) => started.otp(release)));
    if (otps.length === 0) otps.push(await started.otp());
    const scene = started.open(otps);
    try {
      await soak(asked, started, otps, scene);
    } catch (error) {
      const log = keepLog(
        `soak-${driver.name}-${seed}`,
        `${(error as Error).stack}\n\n${scene.transcript()}`,
      );
      say(`FAILED ${(error as Error).message}\n${log}`);
      say(
        `again: npm run soak -- --hours ${asked.hours} --driver ${driver.name} --seed ${seed}${asked.releases.length > 0 ? ` --otp ${asked.releases.join('+')}` : ''}`,
      );
      process.exitCode = 1;
    } finally {
      await scene.stop();
    }
  } finally {
    await started.stop();
  }
}

async function soak(
  asked: SoakArguments,
  started: StartedDriver,
  otps: readonly Otp[],
  scene: Scene,
): Promise<void> {
  const { name } = asked.driver;
  const random = new SeededRandom(asked.seed);
  const possibleFaults = faults.filter(({ needsNetwork }) => !needsNetwork || name === 'netns');
  const scenarios = await shortScenarios(name);
  const mesh = await StandingMesh.create(scene, name === 'netns');
  await mesh.whole();
  const watched = new Watched();
  const startedMs = performance.now();
  const endMs = startedMs + asked.hours * 3_600_000;
  let round = 0;
  let tally = await mesh.check();
  while (performance.now() < endMs && round < asked.rounds) {
    round++;
    const fault = random.pick(possibleFaults);
    const [scenarioName, scenario] = random.pick(scenarios);
    const faultRandom = new SeededRandom(random.uint32());
    const beside = { ...started, name, prefix: `soak-${process.pid}`, seed: faultRandom.seed };
    const [what, result] = await Promise.all([
      fault.strike(mesh, faultRandom),
      runScenario(beside, otps, scenarioName, scenario),
    ]);
    if (result.status === 'failed')
      throw new Error(`round ${round}, ${what}: ${scenarioName} failed: ${result.reason}\n${result.log}`);
    await mesh.whole();
    const before = tally;
    tally = await mesh.talking();
    const lost = tally.lost - before.lost;
    if (fault.keepsLinks && lost > 0) throw new Error(`round ${round}, ${what}: ${lost} links were lost`);
    await look(mesh, watched);
    const minutes = ((performance.now() - startedMs) / 60_000).toFixed(1);
    const answered = tally.answered.reduce((sum, one) => sum + one, 0);
    say(
      `round ${round} at ${minutes} min: ${what}; ${scenarioName} ${result.status}; ${answered} calls answered, ${tally.failed} failed with a lost link`,
    );
    const complaints = watched.complaints();
    if (complaints.length > 0) throw new Error(complaints.join('\n'));
  }
  say(
    `\n${watched.table().join('\n')}\n\n${round} rounds passed${round < judgedRounds ? `; too few to judge whether anything grows, which takes ${judgedRounds}` : ''}`,
  );
}

/** Those that end soon and are for this driver. */
async function shortScenarios(driver: string): Promise<[string, Scenario][]> {
  const all = await Promise.all(
    scenarioNames.map(async (name): Promise<[string, Scenario]> => [name, await loadScenario(name)]),
  );
  return all.filter(
    ([, { isLong, isAlone, drivers }]) =>
      !isLong && !isAlone && (!drivers || (drivers as readonly string[]).includes(driver)),
  );
}

async function look(mesh: StandingMesh, watched: Watched): Promise<void> {
  for (const relay of mesh.relays) {
    watched.look(relay.label, relay.process.pid);
    for (const pid of relay.workerPids()) watched.look(`${relay.label} worker`, pid);
  }
  for (const { node } of mesh.members) {
    watched.look(node.name, await node.beamPid());
    watched.look(`${node.name} agent`, await node.agentPid());
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

await runCommand(main, usage);
