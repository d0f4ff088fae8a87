import { randomBytes } from 'node:crypto';
import { identityId, parseIdentityId } from '@macula/crypto';
import { swimProfiles } from '@macula/swim';
import type { Connection } from '@macula/transport';
import { codeSentence, helloTimeoutMs, messageTypes, type ProvenHello, type WireCode } from '@macula/wire';
import type { AccessRules } from './access/access-rules.js';
import { ownNames, refusedName } from './access/realm-admission.js';
import { RealmKeeper } from './access/realm-keeper.js';
import { streamOpenTimeoutMs } from './limits.js';
import { dialerPartsOf } from './membership/dialer-parts.js';
import { Peerings } from './membership/peerings.js';
import type { MeshParts } from './mesh-parts.js';
import { lineOf } from './ownership/notes.js';
import { Ownership } from './ownership/ownership.js';
import { Limiter } from './quota/limiter.js';
import { filterKeyOf } from './routing/filters/filter-key.js';
import { Presence, type PresenceOutput } from './routing/presence.js';
import { Router } from './routing/router.js';
import { tagOf } from './routing/session-tag.js';
import { bytesKey, type LinkId, noLink, type RouterOutput } from './routing/types.js';
import { dnsResolver } from './seeds/seed-resolver.js';
import { acceptHello, type Refusal, type SaidHello } from './session/accept-hello.js';
import { ClaimedNames } from './session/claimed-names.js';
import type { ControlChannel } from './session/control-channel.js';
import type { Welcomed } from './session/dial-hello.js';
import { type Admitted, Gatekeeper } from './session/gatekeeper.js';
import { describeSaid, describeSession } from './session/log-fields.js';
import { notAdmitted, PeerAdmission } from './session/peer-admission.js';
import { RouterLoop } from './session/router-loop.js';
import { sendToAll } from './session/send-to-all.js';
import { processOf, Session, type SessionFacts, type SessionHandlers } from './session/session.js';
import { refusalOf, TurnAway } from './session/turn-away.js';
import { StreamBroker } from './splice/stream-broker.js';

/**
 * All sessions and peerings of a relay and the router between them: feeds the pure {@link Router} with what happens and
 * carries out what it says. Connections come in by `handleConnection`; who listens is `relay.ts`'s business.
 */
export class Mesh {
  readonly sessions: Map<LinkId, Session> = new Map();
  readonly peerings: Peerings;
  readonly broker: StreamBroker;
  readonly router: Router;
  readonly ownership: Ownership;
  readonly presence: Presence;
  readonly peerAdmission: PeerAdmission;
  /** By code, since the start. */
  readonly refusedHellos: Map<WireCode, number> = new Map();
  readonly limiter: Limiter;
  readonly #parts: MeshParts;
  readonly #gatekeeper: Gatekeeper;
  readonly #turnAway = new TurnAway();
  readonly #realms: RealmKeeper<Session>;
  readonly #loop: RouterLoop;
  readonly #bootId: Uint8Array = randomBytes(16);
  readonly #liveness: ReturnType<typeof setInterval>;
  #nextLink: LinkId = 1;
  #isDraining = false;

  constructor(parts: MeshParts) {
    this.#parts = parts;
    const { config, identity } = parts;
    this.peerAdmission = new PeerAdmission(parts.rules, { hasMeshSecret: parts.meshSecret !== undefined });
    this.#realms = new RealmKeeper({
      rules: parts.rules,
      nowMs: Date.now,
      onEnd: (session, { code, text }) => {
        this.#count(code);
        session.close(code, text);
      },
    });
    this.limiter = new Limiter(config.limits, {
      nowMs: parts.nowMs,
      random: Math.random,
      sessionOf: (link) => this.sessions.get(link),
      knows: (realm, name) => this.router.knows(realm, name),
    });
    this.#gatekeeper = new Gatekeeper({
      ownId: identityId(identity.publicKey),
      limiter: this.limiter,
      realms: this.#realms,
      peerAdmission: this.peerAdmission,
      closedBy: () =>
        this.#isDraining ? 'draining' : this.sessions.size >= config.sessionsMax ? 'busy' : undefined,
    });
    this.ownership = new Ownership({
      identity,
      epoch: Date.now(),
      wallOffsetMs: Date.now() - parts.nowMs(),
      admitsOrigin: (relay) =>
        this.peerAdmission.admitsOrigin(identityId(relay)) || this.ownership.peers.hasRelay(bytesKey(relay)),
      isListedOrigin: (relay) => this.peerAdmission.isListed(identityId(relay)),
    });
    this.router = new Router({
      identity: identity.publicKey,
      openTimeoutMs: config.openTimeoutMs,
      ownership: this.ownership,
      filters: { key: filterKeyOf(parts.meshSecret), epoch: Date.now() },
      rttMs: (link) => this.sessions.get(link)?.rttMs,
    });
    this.presence = new Presence({
      view: this.ownership.everywhere,
      hasRoom: (link) => this.sessions.get(link)?.hasRoomForPresence === true,
    });
    this.#loop = new RouterLoop({
      ...{ router: this.router, presence: this.presence },
      nowMs: parts.nowMs,
      perform: (output) => this.#perform(output),
    });
    this.broker = new StreamBroker(
      {
        limiter: this.limiter,
        open: ({ open, session, message }) => {
          const refusal = this.limiter.open({ open, session, message });
          if (this.#isDraining) this.#perform({ kind: 'fail', open, ...refusalOf('draining') });
          else if (refusal !== undefined) this.#perform({ kind: 'fail', open, ...refusal });
          else
            this.#route((nowMs) =>
              this.router.handleOpen({ open, link: session.facts.link, message }, nowMs),
            );
        },
        openerGone: (open, code) => this.#route(() => this.router.handleOpenerGone(open, code)),
        legOk: (leg, ok) => this.#route((nowMs) => this.router.handleOpenOk(leg, ok, nowMs)),
        legFailed: (leg, failure) => this.#route((nowMs) => this.router.handleLegFailed(leg, failure, nowMs)),
      },
      parts.timeouts?.openMs ?? streamOpenTimeoutMs,
    );
    this.peerings = new Peerings({
      identity,
      profile: swimProfiles[config.membershipProfile],
      urls: config.peers,
      seeds: config.seeds,
      resolver: parts.resolver ?? dnsResolver(),
      cache: parts.peerCache,
      incarnation: Math.floor(Date.now() / 1000),
      admits: (relay) => this.peerAdmission.admitsOrigin(identityId(relay)),
      dialer: dialerPartsOf(parts, {
        bootId: this.#bootId,
        admits: (relay) => this.peerAdmission.admits(relay),
        admit: (connection, welcomed) => this.#admitDialled(connection, welcomed),
      }),
      logger: parts.logger,
      nowMs: parts.nowMs,
      random: Math.random,
      relays: () => [...this.sessions.values()].filter(({ facts }) => facts.role === 'relay'),
      sessionOf: (id) =>
        this.sessions.get(this.ownership.peers.at(bytesKey(parseIdentityId(id)))?.link ?? noLink),
    });
    this.#liveness = setInterval(() => {
      for (const session of [...this.sessions.values()]) session.checkLiveness();
      this.limiter.sweep();
    }, 1000);
    this.#liveness.unref();
  }

  /** Begins to look for other relays, which dial this one at the URL. */
  start(url: string | undefined): void {
    this.peerings.start({ url, label: this.#parts.config.label });
    this.#route(() => {}); // from now on it has the time
  }

  /** A connection that a listener accepted. */
  handleConnection(connection: Connection): void {
    const { identity, timeouts, meshSecret, publicCertificates } = this.#parts;
    const turn = this.#isDraining ? refusalOf('draining') : this.limiter.connection(connection);
    if ('code' in turn) {
      if (!this.#isDraining) this.#noteRefused(connection, turn);
      this.#turnAway.close(connection, turn);
      return;
    }
    let admitted: Admitted;
    const end = acceptHello(connection, {
      identity,
      bootId: this.#bootId,
      nonce: randomBytes(32),
      meshSecret,
      publicCertificates: publicCertificates ?? [],
      timeoutMs: timeouts?.helloMs ?? helloTimeoutMs,
      mayProve: (hello) => this.#gatekeeper.mayProve(hello),
      decide: async (proven) => {
        const decision = await this.#gatekeeper.decide(connection, proven);
        if (decision.refusal === undefined) admitted = decision.admitted;
        return decision.refusal;
      },
      onAdmitted: (proven, channel) => {
        // It gets the next link, if it gets one.
        const wanted = { connection, proven, granted: admitted?.limits };
        const refusal = this.limiter.session(this.#nextLink, wanted);
        turn.over(refusal?.code);
        if (refusal === undefined) return this.#handleAdmitted(connection, channel, { proven, admitted });
        channel.closeConnection(connection, refusal);
        this.#noteRefused(connection, refusal, { hello: proven.hello, isProven: true });
      },
      onFailed: (code, why, said) => {
        turn.over(code);
        this.#noteRefused(connection, { code, text: why }, said);
      },
    });
    turn.holds(end);
  }

  /** Sends DRAINING to everybody and takes nothing new from now on. */
  drain(): void {
    this.#isDraining = true;
    this.peerings.drain();
    for (const session of this.sessions.values()) session.send({ kind: 'draining' });
  }

  /** Number of agents' sessions. */
  get agents(): number {
    let agents = 0;
    for (const session of this.sessions.values()) if (session.facts.role === 'agent') agents++;
    return agents;
  }

  /** Other rules are in force: who may no longer be here goes at once. */
  handleRules(rules: AccessRules): void {
    this.peerAdmission.replaceRules(rules);
    for (const session of [...this.sessions.values()]) {
      const { admittedBy } = session.facts;
      if (admittedBy === undefined || this.peerAdmission.stillAdmits(session.id, admittedBy)) continue;
      const { code, text } = notAdmitted({ id: session.id, at: identityId(this.#parts.identity.publicKey) });
      session.close(code, text);
    }
    this.router.handleAdmissionChanged();
    this.peerings.handleAdmissionChanged();
    this.#realms.handleRules(rules);
  }

  /** Closes every session with the code and stops every timer. */
  close(code: WireCode): void {
    this.#isDraining = true;
    this.peerings.close();
    for (const session of [...this.sessions.values()]) session.close(code, codeSentence(code));
    this.#realms.close();
    clearInterval(this.#liveness);
    this.#loop.close();
  }

  #handleAdmitted(
    connection: Connection,
    channel: ControlChannel,
    { proven, admitted }: { proven: ProvenHello; admitted: Admitted },
  ): void {
    const { hello, claim, isMeshSecretProven } = proven;
    const { role, identity, bootId, label } = hello;
    const realm = role === 'agent' ? hello.realm : '';
    const admittedBy =
      role === 'relay'
        ? this.peerAdmission.admits({ id: identityId(identity), isMeshSecretProven })
        : undefined;
    const facts = {
      ...{ role, dialled: false, identity, bootId, realm, label },
      ...(admittedBy === undefined ? {} : { admittedBy }),
      ...(claim === undefined ? {} : { claims: new ClaimedNames(claim) }),
    };
    const session = this.#addSession(facts, connection, channel);
    const { link } = session.facts;
    if (admitted !== undefined)
      this.#realms.add(session, { realm, grant: admitted.grant, process: processOf(session.facts) });
    if (role === 'agent') {
      const { sessionSeq, names, standby: isStandby = false } = hello;
      const { claims } = session.facts;
      this.#route((nowMs) =>
        this.router.handleAgentUp(
          {
            link,
            realm,
            identity,
            bootId,
            sessionSeq,
            isStandby,
            names,
            tag: tagOf(facts),
            claims,
            entitled: ownNames(admitted?.grant),
          },
          nowMs,
        ),
      );
    } else {
      this.#welcome(session);
      this.#route((nowMs) => this.router.handlePeerUp({ link, identity, dialled: false }, nowMs));
      this.peerings.handlePeerUp(session);
    }
  }

  #addSession(facts: Omit<SessionFacts, 'link'>, connection: Connection, channel: ControlChannel): Session {
    if (facts.role === 'relay') {
      this.#endFormerLife(facts);
      this.limiter.quotas.handlePeerUp();
    }
    const link = this.#nextLink++;
    const { nowMs } = this.#parts;
    const session = new Session({ ...facts, link }, { connection, channel, nowMs }, this.#sessionHandlers);
    this.sessions.set(link, session);
    return session;
  }

  /** A relay that has restarted is known by its new boot id at once; its old links would only swallow OPENs until they time out. */
  #endFormerLife({ identity, bootId }: Pick<SessionFacts, 'identity' | 'bootId'>): void {
    for (const session of [...this.sessions.values()]) {
      const { facts } = session;
      if (facts.role !== 'relay' || !Buffer.from(facts.identity).equals(identity)) continue;
      if (!Buffer.from(facts.bootId).equals(bootId)) session.close('replaced', 'the relay has restarted');
    }
  }

  readonly #sessionHandlers: SessionHandlers = {
    onStream: (session, stream) => this.broker.handleStream(session, stream),
    inShare: (session, type, work) =>
      type === messageTypes.names ? void this.limiter.inShare(session, 'names', work) : work(),
    onControl: (session, type) => this.limiter.control(session, type),
    onNames: (session, names, { claim }) => {
      const refused = refusedName(this.#realms.admitted(session)?.grant, names.add);
      if (refused !== undefined)
        session.close('token_wrong_name', `${codeSentence('token_wrong_name')} (${refused})`);
      else if (this.limiter.names(session, claim.names))
        this.#route((nowMs) => this.router.handleNames(session.facts.link, names, nowMs));
    },
    onAlive: ({ facts }) => this.router.handleAlive(facts.link, this.#parts.nowMs()),
    onFormerGone: ({ facts }) => this.#route((nowMs) => this.router.handleFormerGone(facts.link, nowMs)),
    onWatch: ({ facts }, on) => this.#route((nowMs) => this.presence.handleWatch(facts.link, on, nowMs)),
    onDraining: (session) => this.#parts.logger.info(describeSession(session), 'peer is draining'),
    onSwim: (session, message) => this.peerings.handleMessage(session, message),
    onPeerMessage: ({ facts }, message) =>
      this.#route((nowMs) => this.router.handlePeerMessage(facts.link, message, nowMs)),
    onClosed: (session, code, why, ending) => {
      this.sessions.delete(session.facts.link);
      this.#realms.remove(session);
      this.limiter.quotas.handleSessionOver(session.facts.link);
      this.#route((nowMs) => this.router.handleLinkDown(session.facts.link, nowMs, ending));
      this.peerings.handleClosed(session, code, why);
      // Where it was let in before its relay heard of the other host, nothing else says so.
      const level = code === 'identity_conflict' ? 'warn' : 'info';
      this.#parts.logger[level]({ ...describeSession(session), code, why }, 'session down');
    },
  };

  #welcome(session: Session): void {
    session.send({ kind: 'welcome', label: this.#parts.config.label });
    this.#parts.logger.info(describeSession(session), 'session up');
  }

  #admitDialled(connection: Connection, welcomed: Welcomed): Session | undefined {
    if (this.#isDraining) return undefined;
    const { identity, bootId, label, admittedBy, channel, earlyStreams } = welcomed;
    const facts = { role: 'relay', dialled: true, identity, bootId, realm: '', label, admittedBy } as const;
    const session = this.#addSession(facts, connection, channel);
    const { link } = session.facts;
    this.#route((nowMs) => this.router.handlePeerUp({ link, identity, dialled: true }, nowMs));
    this.peerings.handlePeerUp(session);
    this.#parts.logger.info(describeSession(session), 'session up');
    for (const stream of earlyStreams) session.handleStream(stream);
    return session;
  }

  #route(input: (nowMs: number) => void): void {
    this.#loop.handle(input);
  }

  #perform(output: RouterOutput | PresenceOutput): void {
    switch (output.kind) {
      case 'admitted': {
        const session = this.sessions.get(output.link);
        if (session !== undefined) this.#welcome(session);
        return;
      }
      case 'refused':
        this.#count(output.code);
        this.#parts.logger.warn(
          { code: output.code, why: output.text, ...describeSession(this.sessions.get(output.link)) },
          'session refused',
        );
        this.sessions.get(output.link)?.close(output.code, output.text);
        return;
      case 'evicted':
        this.sessions.get(output.link)?.close(output.code, output.text);
        return;
      case 'superseded': {
        const session = this.sessions.get(output.link);
        if (session === undefined) return;
        session.isSuperseded = true;
        this.#realms.inherit(session);
        this.limiter.quotas.handleSuperseded(output.link);
        this.#parts.logger.info(describeSession(session), 'session superseded');
        return;
      }
      case 'names_done': {
        const { link, request, taken } = output;
        this.sessions.get(link)?.send({ kind: 'names_done', request, taken });
        return;
      }
      case 'probe':
        this.sessions.get(output.link)?.ping();
        return;
      case 'send':
        sendToAll(this.sessions, output.links, output.message);
        return;
      case 'noted':
        this.#parts.logger.warn(...lineOf(output.note, (link) => describeSession(this.sessions.get(link))));
        return;
      default:
        this.broker.perform(output, (link) => this.sessions.get(link));
    }
  }

  #noteRefused(connection: Connection, { code, text: why }: Refusal, said?: SaidHello): void {
    this.#count(code);
    const { host, port } = connection.remoteAddress;
    this.#parts.logger.warn(
      { code, why, remote: `${host} ${port}`, ...describeSaid(said) },
      'connection refused',
    );
  }

  #count(code: WireCode): void {
    this.refusedHellos.set(code, (this.refusedHellos.get(code) ?? 0) + 1);
  }
}
