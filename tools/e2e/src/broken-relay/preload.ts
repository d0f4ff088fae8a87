/**
 * Loaded with `node --import` into a relay's processes before the relay: breaks it from outside, so that nothing of this is in the product.
 * A relay whose classes aren't as expected doesn't start, so no relay is whole that should be broken.
 */
import { SeededRandom } from '@macula/testkit';
import type { Stream } from '@macula/transport';
import { type Fault, faultNames, faultVariable, forgetAfterMs, namesPerFault } from './faults.js';
import { FaultyRecords } from './faulty-records.js';
import { oneIn } from './one-in.js';

/** The parts of the relay's classes that are wrapped. */
interface FirstFrame {
  readonly stream: Stream;
  takeRest(): Uint8Array;
}
interface Owner {
  readonly realm: string;
}
interface Claim {
  readonly taken: readonly string[];
  readonly stale: readonly string[];
}
interface NamesTable {
  admit(session: { readonly link: number; readonly names: readonly string[] }, nowMs: number): Claim;
  session(link: number): Owner | undefined;
  release(owner: Owner, names: readonly string[]): void;
}

const relay = new URL('../../../../apps/relay/dist/', import.meta.url);
const [name, seed] = (process.env[faultVariable] ?? '').split(':');
const fault = faultNames.find((candidate) => candidate === name);
if (fault === undefined) throw new Error(`${faultVariable}=${process.env[faultVariable]}: no such fault`);
const random = new SeededRandom(Number(seed));
if (fault === 'forget') await forgetNames();
else await breakRecords(fault);

/** The rest behind the first frame is taken as two streams are joined: what is written from then on are the other side's records. */
async function breakRecords(how: Exclude<Fault, 'forget'>): Promise<void> {
  const { prototype } = await classOf<FirstFrame>('splice/first-frame.js', 'FirstFrame', 'takeRest');
  const { takeRest } = prototype;
  prototype.takeRest = function (this: FirstFrame): Uint8Array {
    const { stream } = this;
    const records = new FaultyRecords(how, random.fork(), say);
    const write = stream.write.bind(stream);
    const end = stream.end.bind(stream);
    stream.write = (bytes) => {
      const left = records.pass(bytes);
      return left.length === 0 || write(left);
    };
    stream.end = () => {
      write(records.flush());
      end();
    };
    return takeRest.call(this);
  };
}

async function forgetNames(): Promise<void> {
  const { prototype } = await classOf<NamesTable>('routing/names-table.js', 'NamesTable', 'admit');
  const { admit } = prototype;
  const isForgotten = oneIn(namesPerFault, random);
  prototype.admit = function (this: NamesTable, session, nowMs): Claim {
    const outcome = admit.call(this, session, nowMs);
    const forgotten = session.names.filter(() => isForgotten());
    setTimeout(() => {
      const owner = this.session(session.link);
      if (owner === undefined || forgotten.length === 0) return;
      this.release(owner, forgotten);
      say(`forgot ${forgotten}`);
    }, forgetAfterMs).unref();
    return outcome;
  };
}

async function classOf<Instance extends object>(
  file: string,
  className: string,
  method: keyof Instance & string,
): Promise<{ readonly prototype: Instance }> {
  const module_ = (await import(new URL(file, relay).href)) as Record<string, { prototype: Instance }>;
  const class_ = module_[className];
  if (typeof class_?.prototype[method] !== 'function')
    throw new Error(
      `${file} has no class ${className} with ${method}(): the faults of tools/e2e must follow it`,
    );
  return class_;
}

function say(what: string): void {
  process.stderr.write(`broken on purpose: ${what}\n`);
}
