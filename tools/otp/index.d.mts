/** One OTP release of this machine. */
export class Otp {
  /** For instance `27`. */
  readonly release: string;
  /** Where it came from, for people. */
  readonly source: string;
  /** How to run a program with this release in place: command and arguments. */
  command(program: string, args: readonly string[]): { command: string; args: string[] };
  /** The environment with its programs first in PATH. */
  environment(base: Readonly<Record<string, string | undefined>>): Record<string, string>;
  /** Whether a program (`elixir`, `dialyzer`) comes with it. */
  has(program: string): boolean;
}

/** A release is not on this machine; the message says how to get it. */
export class OtpMissingError extends Error {
  constructor(message: string, options?: ErrorOptions);
}

/** Releases that {@link makeOtp} can fetch, oldest first. */
export const fetchable: readonly string[];

/** The release of the `erl` in PATH; undefined when there is none. */
export function systemOtp(): Otp | undefined;

/**
 * A release: where MACULA_OTP_NN says, one fetched before, or the one in PATH.
 * @throws {OtpMissingError}
 */
export function findOtp(release: string): Otp;

/**
 * {@link findOtp}, or else fetches it from Debian's packages: needs root and Debian's apt.
 * @throws {OtpMissingError}
 */
export function makeOtp(release: string, options?: { log?: (line: string) => void }): Otp;

/** Directory of a root file system with a release, where one was fetched before; undefined otherwise. */
export function fetchedRoot(release: string): string | undefined;

/**
 * {@link fetchedRoot}, or else fetches it from Debian's packages, also where PATH has the release: needs root and Debian's apt.
 * @throws {OtpMissingError}
 */
export function otpRoot(release: string, options?: { log?: (line: string) => void }): string;
