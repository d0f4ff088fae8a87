/** What is known of relays beyond the own peerings. Relays are named by their identity as a key. */
export interface MeshView {
  /** The relays at which a session owns the name, as far as they say so. */
  holders(realm: string, name: string, nowMs: number): readonly string[];
  /** The relays that were heard of a moment ago, this one not among them. */
  relays(nowMs: number): readonly string[];
  /** Whether a relay may have a peering with another one: it says so, or has not said yet whom it has one with. */
  mayReach(relay: string, other: string): boolean;
}
