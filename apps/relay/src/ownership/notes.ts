import { identityId } from '@macula/crypto';
import { codeSentence } from '@macula/wire';
import type { OwnershipNote } from './types.js';

/** A note as a line of the log: what it is about, and what happened. */
export function lineOf(
  note: OwnershipNote,
  describe: (link: number) => Record<string, unknown>,
): readonly [Record<string, unknown>, string] {
  switch (note.what) {
    case 'identity_conflict':
      return [describe(note.link), codeSentence('identity_conflict')];
    case 'forged_claim':
      return [
        { origin: identityId(note.origin) },
        'this relay says of an agent that it claims names, and the agent has not signed it',
      ];
    case 'epoch_raised':
      return [
        {},
        'other relays know a later life of this one: its clock was set back, or its key is used twice',
      ];
  }
}
