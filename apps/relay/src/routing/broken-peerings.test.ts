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

/** Two relays that have dialled each other, and functions that end each peering. */
function meshOfTwo(): { mesh: RoutedMesh; link: number; ends: (() => void)[] } {
  const mesh = new RoutedMesh(1);
  for (const name of ['A', 'B']) mesh.add(name);
  const ends = [mesh.peer('A', 'B'), mesh.peer('B', 'A')];
  mesh.clock.advance(2000);
  const { link } = mesh.session('A', 'a@x');
  mesh.session('B', 'b@x');
  mesh.clock.advance(3000);
  return { mesh, link, ends };
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

  it('that ends meanwhile goes through a third relay', () => {
    const { mesh, link, end } = meshOfFour();
    const opened = mesh.open('A', link, 'b@x');
    mesh.clock.advance(5);
    end();
    mesh.clock.advance(2000);
    expect(opened.result).toMatchObject({ code: 'ok', at: 'B' });
  });

  it('goes over the other one of two peerings when one ends', () => {
    for (const which of [0, 1]) {
      const { mesh, link, ends } = meshOfTwo();
      const opened = mesh.open('A', link, 'b@x');
      mesh.clock.advance(5);
      ends[which]!();
      mesh.clock.advance(2000);
      expect(opened.result).toMatchObject({ code: 'ok', at: 'B' });
    }
  });

  it('for a name that came to a relay after the peering with it broke finds it through a third one', () => {
    for (const isStandby of [false, true]) {
      const { mesh, link } = meshOfFour();
      darken(mesh);
      mesh.open('A', link, 'b@x');
      mesh.clock.advance(2000);
      mesh.session('B', 'new@x', { isStandby });
      mesh.clock.advance(1000);
      const opened = mesh.open('A', link, 'new@x');
      mesh.clock.advance(2000);
      expect(opened.result).toMatchObject({ code: 'ok', at: 'B' });
    }
  });
});
