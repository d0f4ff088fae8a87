import type { DriverName } from './drivers/driver.js';
import type { Scenario } from './scenario.js';

/** What a command line says about which scenarios run. */
export interface Choice {
  readonly driver: DriverName;
  /** They were given by name, in place of all. */
  readonly areNamed: boolean;
  readonly quick: boolean;
  readonly full: boolean;
}

/** The scenarios that run: one that isn't for this driver is worth a line only where it was asked for by name. */
export function chooseScenarios<S extends Pick<Scenario, 'isLong' | 'isNightly' | 'drivers'>>(
  loaded: readonly (readonly [name: string, scenario: S])[],
  { driver, areNamed, quick, full }: Choice,
): (readonly [name: string, scenario: S])[] {
  return loaded.filter(([, { isLong, isNightly, drivers }]) => {
    if (quick && (isLong || isNightly)) return false;
    return areNamed || ((full || !isNightly) && (!drivers || drivers.includes(driver)));
  });
}
