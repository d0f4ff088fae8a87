import { vi } from 'vitest';
import { main } from '../main.js';

/** What a command line left behind. */
export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line in this process, with its output caught. */
export async function runCommand(...commandLine: readonly string[]): Promise<CommandResult> {
  const texts = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      texts[name] += String(chunk);
      return true;
    }),
  );
  const statusBefore = process.exitCode;
  process.exitCode = undefined;
  try {
    await main(commandLine);
    return { status: Number(process.exitCode ?? 0), ...texts };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.exitCode = statusBefore;
  }
}
