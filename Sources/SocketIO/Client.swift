internal import SocketIOCore

/// A client in one namespace.
struct Membership {
    let local: LocalNamespace
    /// How many joins of this client came before: each has an identity of its own.
    let joins: UInt32
    /// Its client's place among those of ``local``.
    var slot: UInt32
    /// Its place, where ``frames`` are read to it.
    var reader = FeedReader.ofNothing
    var frames: FrameCache?
    /// Made when somebody wants it: a handler, a recovery, or whoever fetches the namespace's sockets. A client that
    /// is only read to has none.
    var socket: Socket?
    /// Who a reader is that has come back, where it is not who its connection would make it.
    var identity: ReaderIdentity?

    var namespace: String { local.name }
}

/// A join that is not decided, by the number of joins of its client.
struct Joining: Equatable {
    let name: String
    let number: UInt32
}

/// A class, so that those who have none hold eight bytes for it.
final class ReaderIdentity: Sendable {
    let identity: Identity

    init(_ identity: Identity) { self.identity = identity }
}

/// One Socket.IO client of any generation: what is the same for all of them.
///
/// The dialects differ in transports and packets, and are classes of their own; namespaces and reading are here.
/// A feed is pulled: a client gets its next entry when the one before has gone out and the next is due.
///
/// Owner: the event loop of its shard.
protocol Client: LinkDelegate, Timed {
    var id: SessionID { get }
    var shard: Shard { get }
    /// The cursor of the handshake's query, for a client that has no other way to send one.
    var cursor: String? { get }
    /// What the client came with, where anybody may ask.
    var request: Request? { get }
    var generation: Handshake.Generation { get }
    var memberships: Memberships { get set }
    /// Namespaces whose middleware has not decided yet.
    var joining: [Joining] { get set }

    var isEnded: Bool { get }
    /// It has not asked for its first namespace yet.
    var isNewcomer: Bool { get }
    /// A held poll, or a WebSocket or stream with nothing before it.
    var hasWay: Bool { get }
    /// Packets leave in answers to polls, not over a WebSocket or a stream.
    var isPolling: Bool { get }
    /// Something waits for a way.
    var hasPackets: Bool { get }
    /// The name of what carries it now.
    var transportName: String { get }
    /// When the session wants to be woken, the reading aside.
    var sessionDeadline: Instant { get }
    /// In which form it reads events.
    var form: FrameForm { get }
    /// In which form the frames of an entry are made and shared: one cache each.
    var feedForm: String { get }
    /// Makes one entry's frame in that form.
    func frameMaker(namespace: String) -> @Sendable (FeedEvent) -> Frame
    /// Namespaces joined so far, those left again included.
    var joins: UInt32 { get set }
    /// Who a newcomer is in a namespace.
    func identity(in namespace: Namespace, joins: UInt32) -> Identity

    /// What shared frames go to as they are: the WebSocket or the stream, ready or not; nil for a poll.
    var direct: (any Link)? { get }
    func queue(_ packet: Outgoing, at now: Instant)
    func sendAcknowledgement(_ id: String, _ arguments: [JSON], namespace: String, at now: Instant)
    func sendConnected(_ identity: Identity, namespace: Namespace, at now: Instant)
    func sendUnknown(namespace: String, at now: Instant)
    func sendRefusal(_ error: ConnectError, namespace: String, at now: Instant)
    /// The session has its first namespace, or another.
    func joined(_ namespace: Namespace, at now: Instant)
    /// Sends what waits, if there is a way.
    func flush(at now: Instant)
    func sendDisconnect(namespace: String, at now: Instant)
    func close(_ reason: CloseReason, at now: Instant)
}

extension Client {
    var sid: String { id.text }

    /// Reads out what is due, sends what waits, and says when to come back.
    func settle(at now: Instant) {
        guard !isEnded else { return }
        // What waits, and an entry that is due, leave in one write.
        let held = !isPolling && hasPackets ? direct : nil
        let isHeld = held?.cork() == true
        defer { if isHeld { held?.flush() } }
        // What waits goes before the next entry; but a poll takes both in one answer.
        if !isPolling { flush(at: now) }
        for index in memberships.indices.reversed() where index < memberships.count { pump(index, at: now) }
        flush(at: now)
        guard !isEnded else { return }
        var next = sessionDeadline
        // Looked at again soon: then its place on the wheel is where its reading takes it, and none stays behind until
        // a deadline that will have moved by then.
        if isNewcomer { next = min(next, Instant(nanoseconds: now.nanoseconds &+ 1_000_000_000)) }
        if hasWay {
            for index in memberships.indices { next = min(next, memberships[index].reader.due) }
        }
        shard.arm(self, at: next)
    }

    /// The way of nearly every stanza: ``settle(at:)`` for one who is in one namespace and has nothing waiting.
    ///
    /// - Parameter end: when the session wants to be woken.
    /// - Returns: false when it is not so simple; then nothing has been done.
    func readOn(to link: any Link, until end: Instant, at now: Instant) -> Bool {
        guard link.isReady, let (frames, place) = memberships.only else { return false }
        var reader = place
        if reader.due <= now { shard.metrics.lateness.record(now.nanoseconds &- reader.due.nanoseconds) }
        for _ in 0..<64 {
            switch reader.next(of: frames.feed, at: now) {
            case .entry(let entry):
                // Counted first: nothing that a write may set off finds it due again.
                reader.advance(in: frames.feed)
                memberships.move(reader)
                shard.metrics.entries &+= 1
                link.write(frames[entry])
                if !link.isReady {
                    settle(at: now)
                    return true
                }
            case .later:
                memberships.move(reader)
                shard.arm(self, at: min(end, reader.due))
                return true
            case .end:
                settle(at: now)
                return true
            }
        }
        settle(at: now)
        return true
    }

    /// Reads a namespace's feed to this client while there is a way: a shared frame goes straight to the link.
    private func pump(_ index: Int, at now: Instant) {
        guard let frames = memberships[index].frames else { return }
        if isPolling { return pump(frames, toPoll: index, at: now) }
        guard let link = direct else { return }
        // Bounded, so that one who catches up keeps nobody waiting.
        for _ in 0..<64 {
            guard link.isReady else { return }
            switch memberships[index].reader.next(of: frames.feed, at: now) {
            case .entry(let entry):
                memberships[index].reader.advance(in: frames.feed)
                shard.metrics.entries &+= 1
                link.write(frames[entry])
            case .end: return endReading(index, at: now)
            case .later: return
            }
        }
    }

    /// A poll takes one entry, behind whatever waits for it.
    private func pump(_ frames: FrameCache, toPoll index: Int, at now: Instant) {
        guard hasWay else { return }
        switch memberships[index].reader.next(of: frames.feed, at: now) {
        case .entry(let entry):
            memberships[index].reader.advance(in: frames.feed)
            shard.metrics.entries &+= 1
            queue(.frame(frames[entry]), at: now)
            guard !isEnded else { return }
            if case .end = memberships[index].reader.next(of: frames.feed, at: now) {
                endReading(index, at: now)
            }
        case .end: endReading(index, at: now)
        case .later: break
        }
    }

    /// Behind the last entry the server leaves the namespace, and closes when it was the only one, as the sample
    /// does.
    private func endReading(_ index: Int, at now: Instant) {
        let name = memberships[index].namespace
        leave(index, .serverNamespaceDisconnect, at: now)
        sendDisconnect(namespace: name, at: now)
        if memberships.isEmpty { close(.serverNamespaceDisconnect, at: now) }
    }
}
