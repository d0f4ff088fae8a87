import {
  binary,
  decodeTerm,
  type EncodeOptions,
  encodeTerm,
  formatTerm,
  isAtom,
  isKind,
  isMap,
  isTagged,
  isTuple,
  parseTerm,
  type Term,
  TermSyntaxError,
  termEquals,
  textOf,
  tuple,
} from '@macula/dist-protocol';
import type { Otp } from '@macula/otp-releases';
import { SeededRandom } from '@macula/testkit';
import { ErlangPeer } from './erlang-peer.js';
import { TermGenerator } from './generate.js';

/** Options of {@link runRoundTrip}. */
export interface RoundTripOptions {
  readonly otp: Otp;
  /** Of the terms of both sides. */
  readonly seed: number;
  /** Terms that each side makes. */
  readonly terms: number;
}

/** What terms came to that went from one side to the other and back. */
export interface RoundTripResult {
  readonly release: string;
  /** Terms made here, read by OTP, encoded by it in one of four ways, and the same when they were back. */
  readonly fromHere: number;
  /** Of these: texts of `formatTerm` that `erl_parse` read as the same term (`=:=`). */
  readonly textsRead: number;
  /** Terms made by OTP, and the same to it (`=:=`) when they came back. */
  readonly fromOtp: number;
  /** Of these: texts of `io_lib:format` that `parseTerm` read as the same term. */
  readonly textsParsed: number;
  /** The first differences, a sentence each. */
  readonly failures: readonly string[];
  readonly seconds: number;
}

/** Sends terms of every kind through a real emulator and back, from both sides. */
export async function runRoundTrip({ otp, seed, terms }: RoundTripOptions): Promise<RoundTripResult> {
  const beganMs = performance.now();
  const peer = new ErlangPeer(otp);
  try {
    const trip = new RoundTrip(peer, seed, Number(otp.release));
    for (let done = 0; done < terms; done += batch) {
      const count = Math.min(batch, terms - done);
      await trip.fromHere(count);
      await trip.fromOtp(count, seed * 1_000_003 + done);
    }
    const { counts, failures } = trip;
    const seconds = Math.round(performance.now() - beganMs) / 1000;
    return { release: otp.release, ...counts, failures, seconds };
  } finally {
    await peer.stop();
  }
}

const batch = 500;
const failuresMax = 20;
const shown = { charactersMax: 300 };
const whole = { charactersMax: Number.POSITIVE_INFINITY };

class RoundTrip {
  readonly counts = { fromHere: 0, textsRead: 0, fromOtp: 0, textsParsed: 0 };
  readonly failures: string[] = [];
  readonly #peer: ErlangPeer;
  readonly #generator: TermGenerator;
  readonly #random: SeededRandom;

  constructor(peer: ErlangPeer, seed: number, release: number) {
    this.#peer = peer;
    this.#random = new SeededRandom(seed);
    this.#generator = new TermGenerator(this.#random.fork(), release);
  }

  async fromHere(count: number): Promise<void> {
    const terms = Array.from({ length: count }, () => this.#generator.term());
    const sent = terms.map((term) => tuple(this.#encode(term), this.#text(term)));
    const answers = listOf(await this.#peer.ask(tuple(atomOf('read'), sent)));
    for (const [index, term] of terms.entries()) this.#compareAnswer(term, answers[index], sent[index]!);
  }

  async fromOtp(count: number, seed: number): Promise<void> {
    const made = listOf(await this.#peer.ask(tuple(atomOf('make'), seed, count)));
    const terms = made.map((entry) => this.#readMade(entry));
    const back = terms.map((term) => tuple(this.#encode(term), this.#text(term)));
    const answers = listOf(await this.#peer.ask(tuple(atomOf('compare'), back)));
    for (const [index, term] of terms.entries()) {
      if (isAtom(answers[index], 'ok')) this.counts.fromOtp += 1;
      else this.#fail('made by OTP', term, formatTerm(answers[index] ?? []));
    }
  }

  #compareAnswer(term: Term, answer: Term | undefined, sent: Term): void {
    if (!isTagged(answer, 'ok', 3)) {
      this.#fail('sent', term, formatTerm(answer ?? []));
      return;
    }
    const [, bytes, sameText] = answer.elements;
    const back = decodeTerm(bytes as Uint8Array);
    if (termEquals(back, term)) this.counts.fromHere += 1;
    else this.#fail('sent', term, `came back as ${formatTerm(back, shown)}`);
    const hadText = isTuple(sent) && (sent.elements[1] as Uint8Array).length > 0;
    if (!isAtom(sameText, 'ok')) this.#fail('text', term, formatTerm(sameText ?? []));
    else if (hadText) this.counts.textsRead += 1;
  }

  #readMade(entry: Term): Term {
    if (!isTuple(entry, 2)) throw new Error('not what was asked for');
    const [bytes, text] = entry.elements as readonly [Uint8Array, Uint8Array];
    const term = decodeTerm(bytes);
    if (text.length === 0) return term;
    try {
      const parsed = parseTerm(textOf(text) ?? '');
      if (termEquals(parsed, term)) this.counts.textsParsed += 1;
      else this.#fail('printed by OTP', term, `was read as ${formatTerm(parsed, shown)}`);
    } catch (error) {
      if (!(error instanceof TermSyntaxError)) throw error;
      this.#fail('printed by OTP', term, error.message);
    }
    return term;
  }

  #encode(term: Term): Uint8Array {
    const compressed = this.#random.pick<EncodeOptions['compressed']>([false, false, false, true, 1]);
    return encodeTerm(term, { compressed: compressed ?? false });
  }

  /** Erlang syntax, where the term has any that `erl_parse` knows. */
  #text(term: Term): Uint8Array {
    return binary(isWritable(term) ? formatTerm(term, whole) : '');
  }

  #fail(what: string, term: Term, difference: string): void {
    if (this.failures.length < failuresMax)
      this.failures.push(`${what}: ${formatTerm(term, shown)}: ${difference}`);
  }
}

function isWritable(term: Term): boolean {
  if (typeof term !== 'object' || term instanceof Uint8Array) return true;
  if (Array.isArray(term)) return (term as readonly Term[]).every(isWritable);
  if (isTuple(term)) return term.elements.every(isWritable);
  if (isMap(term)) return [...term.keys, ...term.values].every(isWritable);
  if (isKind(term, 'improper_list')) return [...term.elements, term.tail].every(isWritable);
  return isAtom(term) || isKind(term, 'float') || isKind(term, 'bit_string') || isKind(term, 'export_fun');
}

function listOf(term: Term): readonly Term[] {
  if (!Array.isArray(term)) throw new Error(`not a list: ${formatTerm(term)}`);
  return term as readonly Term[];
}

function atomOf(name: string): Term {
  return parseTerm(name);
}
