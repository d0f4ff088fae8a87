import { describe, expect, it } from 'vitest';
import { splitErlangFlags } from './erlang-flags.js';
import { type JoinContext, type JoinOptions, joinEnvironment } from './join-environment.js';

const ours = ['-proto_dist', 'macula', '-no_epmd', '-start_epmd', 'false', '-mode', 'interactive'];

function plan(context: Partial<JoinContext>, options: Partial<JoinOptions> = {}) {
  return joinEnvironment(
    { relays: [], ...options },
    {
      command: ['erl'],
      environment: {},
      ebin: '/app/ebin',
      nodePath: '/bin/node',
      readFile: () => undefined,
      ...context,
    },
  );
}

describe('joinEnvironment', () => {
  it('sets every flag for a plain command', () => {
    const { variables, warnings } = plan(
      {},
      { relays: ['https://a:1', 'https://b:2'], realm: 'r', tlsVerify: 'none' },
    );
    expect(variables).toEqual({
      ERL_AFLAGS: '-pa /app/ebin -proto_dist macula -no_epmd -start_epmd false -mode interactive',
      ERL_ZFLAGS: '-kernel net_ticktime 120',
      MACULA_AGENT: '/app/priv/agent.mjs',
      MACULA_NODE: '/bin/node',
      MACULA_RELAYS: 'https://a:1 https://b:2',
      MACULA_REALM: 'r',
      MACULA_TLS_VERIFY: 'none',
      RELEASE_MODE: 'interactive',
    });
    expect(warnings).toEqual([]);
  });

  it("drops every flag that the README's first line has", () => {
    const command =
      'erl -proto_dist macula -no_epmd -start_epmd false -kernel net_ticktime 120 -name a@b -setcookie C'.split(
        ' ',
      );
    const { variables, warnings } = plan({ command });
    expect(variables.ERL_AFLAGS).toBe('-pa /app/ebin -mode interactive');
    expect(variables.ERL_ZFLAGS).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it.each([
    ['ERL_AFLAGS', '-proto_dist macula', '-proto_dist'],
    ['ERL_FLAGS', '-no_epmd', '-no_epmd'],
    ['ERL_ZFLAGS', '-start_epmd true', '-start_epmd'],
    ['ERL_FLAGS', '-mode embedded', '-mode'],
  ])('drops its flag when %s has %s', (name, value, flag) => {
    const words = splitErlangFlags(plan({ environment: { [name]: value } }).variables.ERL_AFLAGS!);
    const own = name === 'ERL_AFLAGS' ? 1 : 0;
    expect(words.filter((word) => word === flag)).toHaveLength(own);
    for (const other of ours.filter((word) => word.startsWith('-') && word !== flag))
      expect(words).toContain(other);
  });

  it("keeps the user's own flags, ours before ERL_AFLAGS and behind ERL_ZFLAGS", () => {
    const { variables } = plan({
      environment: { ERL_AFLAGS: '-kernel shell_history enabled', ERL_ZFLAGS: '+P 1' },
    });
    expect(variables.ERL_AFLAGS).toMatch(/interactive -kernel shell_history enabled$/);
    expect(variables.ERL_ZFLAGS).toBe('+P 1 -kernel net_ticktime 120');
  });

  it('looks into nested command lines and argument files, but not for -mode in a file', () => {
    expect(plan({ command: ['sh', '-c', 'erl -proto_dist macula'] }).variables.ERL_AFLAGS).not.toContain(
      '-proto_dist',
    );
    const files: Record<string, string> = {
      'vm.args': '# flags\n-proto_dist macula\n-args_file more.args\n-mode embedded',
      'more.args': '-kernel net_ticktime 60\n-args_file vm.args',
    };
    const { variables } = plan({
      command: ['erl', '-args_file', 'vm.args'],
      readFile: (path) => files[path],
    });
    expect(variables.ERL_AFLAGS).toBe('-pa /app/ebin -no_epmd -start_epmd false -mode interactive');
    expect(variables.ERL_ZFLAGS).toBeUndefined();
  });

  it('never adds a cookie', () => {
    for (const value of Object.values(plan({}).variables)) expect(value).not.toContain('setcookie');
  });

  it('quotes a path with spaces and quotes', () => {
    const { variables } = plan({ ebin: '/my app\'s "ebin"' });
    expect(splitErlangFlags(variables.ERL_AFLAGS!).slice(0, 2)).toEqual(['-pa', '/my app\'s "ebin"']);
  });

  it('says so when another carrier is chosen, and not when both are', () => {
    expect(plan({ command: ['erl', '-proto_dist', 'inet_tls', '-name', 'x'] }).warnings).toHaveLength(1);
    expect(plan({ command: ['erl', '-proto_dist', 'inet_tcp', 'macula', '-name', 'x'] }).warnings).toEqual(
      [],
    );
  });

  it('takes what stands behind -extra for plain arguments', () => {
    const { variables } = plan({ command: ['erl', '-extra', '-proto_dist', 'macula', '-no_epmd'] });
    expect(splitErlangFlags(variables.ERL_AFLAGS!)).toEqual(['-pa', '/app/ebin', ...ours]);
  });

  it('turns QUIC off in the agents when told so', () => {
    expect(plan({}, { quic: false }).variables.MACULA_TRANSPORT).toBe('tls');
    expect(plan({}, { quic: true }).variables.MACULA_TRANSPORT).toBeUndefined();
  });

  it('keeps what it was not told', () => {
    const { variables } = plan({ environment: { MACULA_RELAYS: 'https://x:1', RELEASE_MODE: 'embedded' } });
    expect(variables.MACULA_RELAYS).toBeUndefined();
    expect(variables.RELEASE_MODE).toBe('embedded');
    expect(variables.ERL_AFLAGS).not.toContain('-mode');
    expect(plan({ environment: { MACULA_AGENT: '/a.mjs' } }).variables.MACULA_AGENT).toBe('/a.mjs');
  });
});
