import { describe, expect, it } from 'vitest';
import { RoutedMesh } from '../testing/sim-routed.js';

const names = ['A', 'B', 'C', 'D'];

/** A full mesh, an agent at A that opens, and a function that ends the peering of A and B. */
function meshOfFour(): { mesh: RoutedMesh; link: number; end: () => void } {
  const mesh = new RoutedMesh(1);
  for (const name of names) mesh.add(name);
  const end = mesh.peer('A', 'B');
  for (const [a, b] of ['AC', 'AD', 'BC', 'BD', 'CD'].map((pair) => [...pair])) mesh.peer(a!, b!);
  mesh.clock.advance(2000);
  const { link } = mesh.session('A', 'a@x');
  mesh.session('B', 'b@x');
  mesh.clock.advance(3000);
  return { mesh, link, end };
}

function darken(mesh: RoutedMesh): void {
  mesh.darken('A', 'B');
  mesh.darken('B', 'A');
}

describe('an OPEN over a peering that breaks', () => {
  it('just after something was heard of it goes through a third relay', () => {
    const { mesh, link } = meshOfFour();
    mesh.open('A', link, 'b@x');
    mesh.clock.advance(60);
    darken(mesh);
    const opened = mesh.open('A', link, 'b@x'); // takes no PING along
    mesh.clock.advance(2000);
    expect(opened.result).toMatchObject({ code: 'ok', at: 'B' });
    expect(mesh.router('A').counts).toMatchObject({ opens: 0, legs: 0 });
  });
});
