import { expect, it } from 'vitest';
import { AttachExclusions } from './attach-exclusions.js';
import { openRetriesMax } from './limits.js';

const tag = (value: number): Uint8Array => new Uint8Array(16).fill(value);

it('passes over what knows nothing, and believes it when nobody else answers', () => {
  const exclusions = new AttachExclusions([tag(9)]);
  expect(exclusions.excluded).toEqual([tag(9)]);
  expect(exclusions.handleRefused('unknown_tunnel', tag(1))).toBe('not_here');
  expect(exclusions.excluded).toEqual([tag(9), tag(1)]);
  expect(exclusions.handleRefused('not_found', undefined)).toBe('unknown_tunnel');
  expect(exclusions.excluded).toEqual([tag(9)]);
  expect(exclusions.handleRefused('unknown_tunnel', tag(1))).toBe('unknown_tunnel');
  expect(exclusions.handleRefused('not_found', undefined)).toBe('not_found');
});

it('passes over another one as before, and begins anew when the tunnel goes on', () => {
  const exclusions = new AttachExclusions();
  exclusions.handleRefused('unknown_tunnel', tag(1));
  exclusions.handleRefused('not_here', tag(1));
  expect(exclusions.handleRefused('unknown_tunnel', tag(2))).toBe('not_here');
  exclusions.handleResumed();
  expect(exclusions.excluded).toEqual([]);
  expect(exclusions.handleRefused('unknown_tunnel', tag(1))).toBe('not_here');
});

it('lets every other code through, and believes a crowd', () => {
  const exclusions = new AttachExclusions();
  for (const code of ['not_found', 'timeout', 'relay_lost'] as const)
    expect(exclusions.handleRefused(code, tag(1))).toBe(code);
  expect(exclusions.handleRefused('unknown_tunnel', undefined)).toBe('unknown_tunnel');
  for (let value = 0; value < openRetriesMax; value++)
    expect(exclusions.handleRefused('unknown_tunnel', tag(value))).toBe('not_here');
  expect(exclusions.handleRefused('unknown_tunnel', tag(100))).toBe('unknown_tunnel');
});
