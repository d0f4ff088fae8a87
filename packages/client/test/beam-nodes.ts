import type { Duplex } from 'node:stream';
import { afterEach, expect } from 'vitest';
import { BeamNode, type BeamNodeOptions } from '../src/beam-node/index.js';
import { streamPair } from './stream-pair.js';

const nodes: BeamNode[] = [];
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.close()));
});

/** A node that reaches the others of its test by their names, and is closed when the test is over. */
export async function start(name: string, options: Partial<BeamNodeOptions> = {}): Promise<BeamNode> {
  const node = await BeamNode.start({ name, cookie: 'SECRET', open: byName, ...options });
  nodes.push(node);
  return node;
}

/** A byte stream whose other end goes to the node of that name, if it was started. */
export async function byName(name: string): Promise<Duplex> {
  const node = nodes.find((one) => one.name === name);
  if (node === undefined) throw new Error(`no node ${name}`);
  const [here, there] = streamPair();
  node.accept(there);
  return here;
}

/** Waits until something is so; fails with the test's own time. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

/** Any `BeamError` of this code. */
export const code = (wanted: string) => expect.objectContaining({ name: 'BeamError', code: wanted });
