/** Waits until `probe` gives something; the tests' only clock. */
export async function until<T>(probe: () => T | undefined | false, what: string, ms = 8000): Promise<T> {
  const untilMs = performance.now() + ms;
  for (;;) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > untilMs) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
