import type { Scenario } from './scenario.js';

/** One scenario on one choice of releases. */
export interface Job {
  readonly scenario: Scenario;
  /** Runs it to its end; never rejects. */
  run(): Promise<void>;
}

/** Of those that mostly wait so many at once: each starts relays and nodes before it waits. */
const waitingAtOnceMax = 3;

/**
 * Runs all: what mostly waits from the beginning and beside everything, some at once, the others so many at once, long ones first so that the
 * last one doesn't keep a place alone for long, and at the end one by one those that bear no other.
 */
export async function runJobs(jobs: readonly Job[], atOnce: number): Promise<void> {
  const waiting = jobs.filter(({ scenario }) => scenario.waits);
  const busy = jobs.filter(({ scenario }) => !scenario.waits);
  const isAlone = ({ scenario }: Job): boolean => atOnce > 1 && scenario.isAlone === true;
  const together = busy.filter((job) => !isAlone(job));
  const ordered =
    atOnce === 1
      ? together
      : together
          .slice()
          .sort((one, other) => Number(other.scenario.isLong ?? 0) - Number(one.scenario.isLong ?? 0));
  const inPlaces = async (): Promise<void> => {
    await work(ordered, atOnce);
    await work(busy.filter(isAlone), 1);
  };
  // One of a kind at a time: its releases one after the other.
  const kinds = [...new Set(waiting.map(({ scenario }) => scenario))].map((scenario): Job => {
    const ofKind = waiting.filter((job) => job.scenario === scenario);
    return { scenario, run: () => work(ofKind, 1) };
  });
  await Promise.all([inPlaces(), work(kinds, waitingAtOnceMax)]);
}

async function work(jobs: readonly Job[], places: number): Promise<void> {
  const left = [...jobs];
  const place = async (): Promise<void> => {
    for (let job = left.shift(); job; job = left.shift()) await job.run();
  };
  await Promise.all(Array.from({ length: places }, place));
}
