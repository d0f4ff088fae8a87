import type { SeededRandom } from '@macula/testkit';

/** A function that says yes once in every `count` calls, each time at another place among them. */
export function oneIn(count: number, random: SeededRandom): () => boolean {
  let place = 0;
  let chosen = 0;
  return () => {
    if (place === 0) chosen = random.integer(count);
    const isChosen = place === chosen;
    place = (place + 1) % count;
    return isChosen;
  };
}
