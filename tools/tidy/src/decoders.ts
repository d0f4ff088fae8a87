import { isScript, isTest, type SourceFile } from './tree.js';

/** Something exported that reads bytes or text from others, by its name: `decode…`, `parse…`, `…Reader`, `…Opener`. */
export interface Decoder {
  readonly path: string;
  readonly name: string;
}

/** The property that gives a decoder valid input with changes, and shows that only its own error comes out. */
interface MutationTest {
  readonly test: string;
  /** Part of the test's title. */
  readonly title: string;
}

const declaration =
  /^export (?:(?:async )?function (?=(?:decode|parse)[A-Z])|class (?=\w*(?:Reader|Opener|Decoder)\b))(\w+)/gm;

/** What a file exports that decodes; the command line's own options are not from others. */
export function decodersIn({ path, text }: SourceFile): Decoder[] {
  if (!/^(packages|apps)\/[^/]+\/src\//.test(path) || path.startsWith('apps/cli/')) return [];
  if (!isScript(path) || isTest(path)) return [];
  return [...text.matchAll(declaration)].map((match) => ({ path, name: match[1]! }));
}

/** What is wrong between decoders, {@link mutationTests} and the tests that these name; one line each. */
export function untested(files: readonly SourceFile[]): string[] {
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  const found = files.flatMap(decodersIn).map(({ path, name }) => `${path} ${name}`);
  const missing = found
    .filter((key) => mutationTests[key] === undefined)
    .map((key) => `${key}: no property with mutated valid input in the table of tools/tidy/src/decoders.ts`);
  const gone = Object.keys(mutationTests)
    .filter((key) => !found.includes(key))
    .map((key) => `${key}: in the table of tools/tidy/src/decoders.ts, but not in the checkout`);
  const broken = found.flatMap((key) => {
    const entry = mutationTests[key];
    if (entry === undefined || texts.get(entry.test)?.includes(entry.title) === true) return [];
    return [`${key}: ${entry.test} has no test "${entry.title}"`];
  });
  return [...missing, ...gone, ...broken];
}

const of = (test: string, title: string): MutationTest => ({ test, title });

const bloom = 'packages/bloom/src/mutated.test.ts';
const crypto = 'packages/crypto/src/mutated.test.ts';
const records = of('packages/crypto/src/record/record.test.ts', 'mutated streams never give anything but');
const tokens = of(
  'packages/crypto/src/token/token.test.ts',
  'never verify, and end as nothing but a token error',
);
const terms = of(
  'packages/dist-protocol/src/etf/mutated.test.ts',
  'are terms that encode to themselves again',
);
const texts = of('packages/dist-protocol/src/syntax/parse-term.test.ts', 'is found in mutated texts too');
const packets = of(
  'packages/dist-protocol/src/channel/mutated.test.ts',
  'are signals, or a ChannelError or EtfError',
);
const workerFrames = of(
  'packages/transport/src/worker/frames.test.ts',
  'mutated frames are frames that can be read',
);
const tunnel = 'packages/tunnel/src/mutated.test.ts';
const messages = of(
  'packages/wire/src/messages.test.ts',
  'answer mutated valid frames with messages or a WireError',
);
const control = 'apps/node-agent/src/control/mutated.test.ts';

/** By path and name; one that is only reached through another has the other's test. */
export const mutationTests: Readonly<Record<string, MutationTest>> = {
  'packages/bloom/src/codec.ts decodeFilter': of(bloom, 'of a filter are a filter'),
  'packages/bloom/src/codec.ts decodeDelta': of(bloom, 'of a delta are a delta'),
  'packages/crypto/src/envelope-v1.ts EnvelopeV1Opener': of(crypto, 'envelopes on a stream'),
  'packages/crypto/src/identity.ts parseIdentityId': of(crypto, 'identity ids are bad_key'),
  'packages/crypto/src/record/framed-opener.ts FramedOpener': records,
  'packages/crypto/src/record/record.ts RecordOpener': records,
  'packages/crypto/src/token/claims.ts parseClaims': tokens,
  'packages/crypto/src/token/claims.ts parseTokenLimits': tokens,
  'packages/crypto/src/token/jws.ts decodeJws': tokens,
  'packages/crypto/src/token/jws.ts parseJsonObject': tokens,
  'packages/directory/src/codec.ts decodeMessage': of(
    'packages/directory/src/codec.test.ts',
    'mutated bytes are a message',
  ),
  'packages/dist-protocol/src/channel/control.ts decodeControl': of(
    'packages/dist-protocol/src/channel/mutated.test.ts',
    'is a signal or a ChannelError',
  ),
  'packages/dist-protocol/src/channel/packet-reader.ts PacketReader': packets,
  'packages/dist-protocol/src/handshake/messages.ts decodeHandshake': of(
    'packages/dist-protocol/src/handshake/handshake.test.ts',
    'are messages or a HandshakeError',
  ),
  'packages/dist-protocol/src/epmd/daemon.ts decodeEpmdRequest': of(
    'packages/dist-protocol/src/epmd/epmd.test.ts',
    'takes mutated questions for questions, or an EpmdError',
  ),
  'packages/dist-protocol/src/epmd/messages.ts decodeEpmdResponse': of(
    'packages/dist-protocol/src/epmd/epmd.test.ts',
    'mutated are answers or an EpmdError',
  ),
  'packages/dist-protocol/src/erpc/erpc.ts decodeErpcOutcome': of(
    'packages/dist-protocol/src/erpc/erpc.test.ts',
    'is that the process was ended, for every reason that is none of these',
  ),
  'packages/dist-protocol/src/erpc/erpc.ts decodeErpcRequest': of(
    'packages/dist-protocol/src/erpc/erpc.test.ts',
    'is nothing else',
  ),
  'packages/dist-protocol/src/etf/byte-reader.ts ByteReader': terms,
  'packages/dist-protocol/src/etf/decode.ts decodeBare': terms,
  'packages/dist-protocol/src/etf/decode.ts decodeTerm': terms,
  'packages/dist-protocol/src/etf/decode.ts decodeTermAt': terms,
  'packages/dist-protocol/src/syntax/bits.ts parseBits': texts,
  'packages/dist-protocol/src/syntax/parse-term.ts parseTerm': texts,
  'packages/transport/src/quic/packet-header.ts parsePacketHeader': of(
    'packages/transport/src/quic/packet-header.test.ts',
    'mutated headers are none',
  ),
  'packages/transport/src/quic/quiche-error.ts parseQuicheError': of(
    'packages/transport/src/quic/mutated-packets.test.ts',
    'mutated packets to a listener',
  ),
  'packages/transport/src/quinn/control-messages.ts ControlReader': of(
    'packages/transport/src/quinn/control-messages.test.ts',
    'mutated messages end in nothing but protocol_violation',
  ),
  'packages/swim/src/codec.ts decodeMessage': of(
    'packages/swim/src/codec.test.ts',
    'mutated bytes are a message',
  ),
  'packages/transport/src/relay-url.ts parseRelayUrl': of(
    'packages/transport/src/relay-url.test.ts',
    'mutated URLs are bad_url',
  ),
  'packages/transport/src/tls/frame-reader.ts FrameReader': of(
    'packages/transport/src/tls/frames.test.ts',
    'mutated frames are read or are a protocol violation',
  ),
  'packages/transport/src/worker/frames.ts FrameReader': workerFrames,
  'packages/transport/src/worker/frames.ts decodeJson': workerFrames,
  'packages/tunnel/src/attach/attach-answer.ts decodeAttachAnswer': of(
    tunnel,
    'of an attach answer are an attach answer',
  ),
  'packages/tunnel/src/handshake/answer.ts decodeAnswer': of(tunnel, 'of an answer are an answer'),
  'packages/tunnel/src/handshake/offer.ts decodeOffer': of(tunnel, 'of an offer are an offer'),
  'packages/tunnel/src/record-codec.ts decodeRecord': of(tunnel, 'of a record are a record'),
  'packages/wire/src/body.ts decodeBody': messages,
  'packages/wire/src/frame.ts FrameReader': messages,
  'packages/wire/src/messages.ts decodeMessage': messages,
  'packages/wire/src/owned-entry.ts decodeOwnedEntry': of(
    'packages/wire/src/owned-entry.test.ts',
    'answer mutated valid bytes with an entry',
  ),
  'apps/node-agent/src/control/decode.ts decodeBeamMessage': of(control, 'of a join are a message'),
  'apps/node-agent/src/control/frame-reader.ts FrameReader': of(control, 'of frames with a length of'),
  'apps/node-agent/src/service/join-options.ts parseJoinOptions': of(control, 'of a join are a message'),
  'apps/relay/src/membership/metadata.ts decodeMetadata': of(
    'apps/relay/src/membership/metadata.test.ts',
    'mutated bytes are facts',
  ),
  'apps/relay/src/access/access-file.ts parseAccessFile': of(
    'apps/relay/src/config-mutated.test.ts',
    'mutated access files are rules',
  ),
  'apps/relay/src/quota/parse-quota-limits.ts parseQuotaLimits': of(
    'apps/relay/src/config-mutated.test.ts',
    'mutated limits are whole numbers',
  ),
  'apps/relay/src/seeds/seed.ts parseSeed': of(
    'apps/relay/src/seeds/seed.test.ts',
    'mutated seeds are seeds',
  ),
  'apps/relay/src/seeds/peer-cache-file.ts parsePeerCache': of(
    'apps/relay/src/seeds/peer-cache-file.test.ts',
    'mutated caches are peers',
  ),
  'apps/relay/src/config.ts parseRelayConfig': of(
    'apps/relay/src/config-mutated.test.ts',
    'mutated settings are settings within their bounds',
  ),
};
