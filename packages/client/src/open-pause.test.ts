import { WireError } from '@macula/wire';
import { expect, it } from 'vitest';
import { MeshError } from './errors.js';
import { openPauseMs } from './limits.js';
import { OpenPause } from './open-pause.js';

it('OPENs pause after the relay has said that they come too fast, with its words, and then go on', () => {
  const pause = new OpenPause();
  pause.note(new MeshError('open_failed', 'not_found'), 0);
  pause.note(new WireError('bad_body', 'x'), 0);
  expect(pause.refusal(0)).toBeUndefined();
  pause.note(new MeshError('open_failed', 'open_rate', 'too fast (limit of this identity: 200 a second)'), 0);
  expect(pause.refusal(openPauseMs - 1)).toMatchObject({
    wireCode: 'open_rate',
    message: 'too fast (limit of this identity: 200 a second)',
  });
  expect(pause.refusal(openPauseMs)).toBeUndefined();
  pause.note(new MeshError('open_failed', 'stream_limit'), 5000);
  expect(pause.refusal(5000)).toMatchObject({ wireCode: 'stream_limit' });
});
