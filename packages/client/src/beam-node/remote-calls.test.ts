import { type Atom, atom, Pid, type Signal, type Term } from '@macula/dist-protocol';
import { describe, expect, it } from 'vitest';
import { ProcessTable } from './process-table.js';
import { requestSpawn, type SpawnRequestOptions } from './remote-calls.js';

/** A node whose signals to others are kept. */
function setUp() {
  const sent: Signal[] = [];
  const table = new ProcessTable(atom('ann@h'), 7, {
    routeAway: (_, signal) => sent.push(signal),
    handlerFailed: (_, error) => {
      throw error;
    },
    handleSpawnRequest: () => {},
  });
  const caller = table.spawn({});
  const spawn = (options: SpawnRequestOptions) => {
    const what = { module: atom('m'), functionName: atom('f'), args: [] };
    return requestSpawn({ table, caller, groupLeader: caller.pid }, 'bob@h', what, options);
  };
  const reply = (result: Pid | Atom) => {
    const request = sent.find((signal) => signal.kind === 'spawn_request');
    if (request?.kind !== 'spawn_request') throw new Error('nothing was asked for');
    const { requestId } = request;
    table.handleSignal({
      kind: 'spawn_reply',
      requestId,
      to: caller.pid,
      isLinked: true,
      isMonitored: true,
      result,
    });
  };
  return { sent, table, caller, spawn, reply };
}

const far = new Pid({ node: atom('bob@h'), id: 5, serial: 0, creation: 9 });

describe('a process asked for at another node', () => {
  it('is linked and watched once it is there', async () => {
    const { table, caller, spawn, reply } = setUp();
    const downs: Term[] = [];
    const made = spawn({ link: true, onDown: (reason) => downs.push(reason) });
    reply(far);
    expect(await made).toBe(far);
    table.handleSignal({ kind: 'exit', from: far, to: caller.pid, reason: atom('boom') });
    expect(caller.isAlive).toBe(false);
  });

  it('that comes after the asking one has given up is neither linked with it nor watched by it', async () => {
    const { sent, table, caller, spawn, reply } = setUp();
    await expect(spawn({ link: true, timeoutMs: 1, onDown: () => {} })).rejects.toMatchObject({
      code: 'timeout',
    });
    reply(far);
    expect(sent.map(({ kind }) => kind)).toEqual(['spawn_request', 'unlink', 'demonitor']);
    table.handleSignal({ kind: 'exit', from: far, to: caller.pid, reason: atom('boom') });
    expect(caller.isAlive).toBe(true);
  });

  it('that is not made after all is no matter then', async () => {
    const { sent, spawn, reply } = setUp();
    await expect(spawn({ link: true, timeoutMs: 1 })).rejects.toMatchObject({ code: 'timeout' });
    reply(atom('notsup'));
    expect(sent.map(({ kind }) => kind)).toEqual(['spawn_request']);
  });
});
