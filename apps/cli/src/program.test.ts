import { describe, expect, it } from 'vitest';
import { buildProgram, parseAddress } from './program.js';

describe('parseAddress', () => {
  it.each(['127.0.0.1:0', '[::]:4433', 'relay.example.org:65535'])('takes %s', (text) => {
    expect(parseAddress(text)).toBe(text);
  });

  it.each(['', 'host', 'host:', ':1', 'a:b:1', 'host:65536', '[::1:1', 'host:-1'])('refuses "%s"', (text) => {
    expect(() => parseAddress(text)).toThrow('HOST:PORT');
  });
});

describe('the command tree', () => {
  it('has the documented commands', () => {
    expect(buildProgram().commands.map((command) => command.name())).toEqual([
      'relay',
      'run',
      'agent',
      'erl-path',
      'keygen',
      'id',
      'token',
    ]);
  });
});
