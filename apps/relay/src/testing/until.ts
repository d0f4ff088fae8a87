/** Waits until `probe` gives something; the tests' only clock. What it waited for may be put into words when it is over. */
export async function until<T>(
  probe: () => T | undefined | false,
  what: string | (() => string),
  ms = 8000,
): Promise<T> {
  const untilMs = performance.now() + ms;
  for (;;) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > untilMs)
      throw new Error(`waited ${ms} ms for ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
