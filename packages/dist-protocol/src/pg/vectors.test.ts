import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { atom, decodeTerm, formatTerm, isTuple, PgScope, Pid } from '../index.js';

interface Recorded {
  readonly release: string;
  readonly messages: readonly string[];
  readonly members: readonly string[];
}
const { scopes }: { readonly scopes: Recorded[] } = JSON.parse(
  readFileSync(new URL('../../vectors/pg.json', import.meta.url), 'utf8'),
);

describe('what a scope of OTP says', () => {
  it.each(scopes)(
    'of OTP $release is understood: all members, and then each change',
    ({ messages, members }) => {
      const self = new Pid({ node: atom('raw-1@127.0.0.1'), id: 100, serial: 0, creation: 5 });
      const scope = new PgScope(atom('pg'), self);
      const [p, q] = members;
      const seen = messages.map((hex) => {
        scope.handleMessage(decodeTerm(Buffer.from(hex, 'hex')));
        const changes: string[] = [];
        for (let output = scope.pollOutput(); output !== undefined; output = scope.pollOutput()) {
          if (output.kind === 'changed') changes.push(`${output.change} ${output.pids.length}`);
          else if (output.kind === 'send')
            changes.push(isTuple(output.message) ? formatTerm(output.message.elements[0]!) : '');
          else changes.push(output.kind);
        }
        const all = scope.groups().map((group) => {
          const who = scope.members(group).map((pid) => formatTerm(pid));
          return [
            formatTerm(group),
            who
              .map((one) => (one === p ? 'p' : one === q ? 'q' : one))
              .sort()
              .join(' '),
          ];
        });
        return [changes, Object.fromEntries(all)];
      });
      expect(seen).toEqual([
        [['monitor', 'join 2'], { '{group,1}': 'p p' }],
        [["'$gen_cast'"], { '{group,1}': 'p p' }],
        [['join 1'], { '{group,1}': 'p p', g: 'p' }],
        [['join 2'], { '{group,1}': 'p p', g: 'p p q' }],
        [['leave 1'], { '{group,1}': 'p p', g: 'p p' }],
        [['leave 2'], { g: 'p p' }],
        [['leave 1', 'leave 1'], {}],
      ]);
    },
  );

  it('is recorded of OTP 25, 27 and 29', () => {
    expect(scopes.map(({ release }) => release)).toEqual(['25', '27', '29']);
  });
});
