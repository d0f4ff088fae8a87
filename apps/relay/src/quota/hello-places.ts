import {
  addressesMax,
  failedHellosBurstSeconds,
  helloFairMs,
  pendingHellosMax,
  slowedHellosPerSecond,
  slowedRetryMs,
} from '../limits.js';
import { addressKey } from './address-key.js';
import type { AddressLimits } from './quota-limits.js';
import { type QuotaRefusal, seconds } from './refusal.js';
import { TokenBucket } from './token-bucket.js';

/** One connection that has not finished its HELLO. Given by {@link HelloPlaces}, never reused. */
export type HelloId = number;

/** Whether a connection may begin its HELLO. */
export type HelloPlace =
  | {
      readonly isFree: true;
      readonly id: HelloId;
      /** Had its time and must go, so that others have theirs; its place is already free. */
      readonly evicted: HelloId | undefined;
    }
  | { readonly isFree: false; readonly refusal: QuotaRefusal };

interface Place {
  readonly address: string;
  readonly startedMs: number;
}

interface Address {
  readonly places: Set<HelloId>;
  readonly failures: TokenBucket;
  isSlowed: boolean;
  /** While it is slowed: when somebody of it may begin again. */
  nextTurnMs: number;
}

/**
 * The places for connections whose HELLO isn't finished, before anybody has proven anything: so many in all and so many of one address.
 * When they are taken, the one that is at it longest makes room, if it has had a fair time; so nobody who stalls keeps others out.
 * An address with many failures is slowed until they are forgotten: few of its connections have a turn, at random moments, so that
 * each has the chance of its share. Admitted HELLOs count nowhere.
 *
 * Call order: `handleConnection`, then `handleOver` once for each place that was given and not evicted.
 */
export class HelloPlaces {
  readonly #limits: AddressLimits;
  readonly #random: () => number;
  /** Oldest first. */
  readonly #places = new Map<HelloId, Place>();
  /** Those with places or failures; oldest first. */
  readonly #addresses = new Map<string, Address>();
  #nextId: HelloId = 1;

  /** `random`: from 0 to 1, for the times in refusals. */
  constructor(limits: AddressLimits, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  /** A connection from this host wants to say HELLO. */
  handleConnection(host: string, nowMs: number): HelloPlace {
    const key = addressKey(host);
    const address = this.#address(key, nowMs);
    const isSlowed = this.#isSlowed(address, nowMs);
    if (isSlowed) {
      if (nowMs < address.nextTurnMs) return this.#refusal(isSlowed);
      // At a moment that nobody can foresee: else those who fail would always be there first.
      address.nextTurnMs = nowMs + (2000 * this.#random()) / slowedHellosPerSecond;
    }
    const isAddressFull = address.places.size >= this.#limits.unfinishedHellos;
    let evicted: HelloId | undefined;
    if (isAddressFull || this.#places.size >= pendingHellosMax) {
      [evicted] = isAddressFull ? address.places : this.#places.keys();
      const ageMs = nowMs - (this.#places.get(evicted!)?.startedMs ?? nowMs);
      // The turns of a slowed address are so rare that each has had its time.
      if (ageMs < helloFairMs && !(isSlowed && isAddressFull)) return this.#refusal(isSlowed);
      this.handleOver(evicted!, 'failed', nowMs);
    }
    const id = this.#nextId++;
    this.#places.set(id, { address: key, startedMs: nowMs });
    address.places.add(id);
    return { isFree: true, id, evicted };
  }

  /** A HELLO is finished: `failed` counts against the address, `admitted` and `spared` (not the dialer's fault) don't. */
  handleOver(id: HelloId, outcome: 'admitted' | 'failed' | 'spared', nowMs: number): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    this.#places.delete(id);
    const address = this.#addresses.get(place.address);
    address?.places.delete(id);
    if (outcome === 'failed') address?.failures.take(1, nowMs);
  }

  /** Forgets addresses that have neither places nor failures any more. */
  sweep(nowMs: number): void {
    for (const [key, { places, failures }] of this.#addresses)
      if (places.size === 0 && failures.fullAtMs <= nowMs) this.#addresses.delete(key);
  }

  /** Sizes of the tables. */
  get counts(): { readonly unfinished: number; readonly addresses: number } {
    return { unfinished: this.#places.size, addresses: this.#addresses.size };
  }

  /** From the last failure that was forgiven until half of them are again: somebody who fails all the time shall not change it all the time. */
  #isSlowed(address: Address, nowMs: number): boolean {
    const { failures } = address;
    const half = (this.#limits.failedHellosPerSecond * failedHellosBurstSeconds) / 2;
    address.isSlowed = address.isSlowed ? !failures.has(half, nowMs) : !failures.has(1, nowMs);
    return address.isSlowed;
  }

  #address(key: string, nowMs: number): Address {
    const known = this.#addresses.get(key);
    if (known !== undefined) return known;
    if (this.#addresses.size >= addressesMax) this.#forgetOldest();
    const perSecond = this.#limits.failedHellosPerSecond;
    const failures = new TokenBucket({ perSecond, burst: perSecond * failedHellosBurstSeconds }, nowMs);
    const address: Address = { places: new Set(), failures, isSlowed: false, nextTurnMs: 0 };
    this.#addresses.set(key, address);
    return address;
  }

  /** There are fewer places than addresses, so one of the first has none. */
  #forgetOldest(): void {
    for (const [key, { places }] of this.#addresses) {
      if (places.size > 0) continue;
      this.#addresses.delete(key);
      return;
    }
  }

  #refusal(isSlowed: boolean): HelloPlace {
    const retryMs = Math.ceil(slowedRetryMs * (0.5 + this.#random()));
    const retry = seconds(retryMs);
    const refusal: QuotaRefusal = isSlowed
      ? {
          ...{ code: 'rate_limited', retryMs },
          text: `too many HELLOs from this address failed, so the relay takes few at a time from it; try again in ${retry}, and look for the node behind it that fails`,
        }
      : {
          ...{ code: 'busy', retryMs },
          text: `too many connections are saying HELLO at this moment, or from this address; try again in ${retry}`,
        };
    return { isFree: false, refusal };
  }
}
