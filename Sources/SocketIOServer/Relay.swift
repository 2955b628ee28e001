internal import NIOCore
internal import SocketIO
internal import SocketIOCore

/// Carries one request to the node that owns its session, and the answer back; a WebSocket until it ends.
///
///     finding ──address──▶ connecting ──connected──▶ waiting ──head──▶ answering ──end──▶ over
///        │ none              │ refused                 │ closed         │ 101
///        ▼                   ▼                         ▼                ▼
///        └────── answered here: the session is unknown ┘              tunnel ──either closes──▶ over
///
/// Neither side is read faster than the other takes, so what is held is bounded by what one read brings and by the
/// write buffer's mark.
///
/// Owner: the event loop of the client's connection.
final class Relay: LinkDelegate {
    private enum Phase { case finding, connecting, waiting, answering, tunnel, over }

    private let connection: Connection
    private let request: Request
    private let relays: Relays
    private let secret: String
    private let otherwise: () -> Void
    private let staysOpen: Bool
    private var phase = Phase.finding
    private var answer: RelayedAnswer
    private var isHeadPassed = false
    private var peer: RelayPeer?

    /// - Parameter otherwise: answers the request here, when the other node cannot.
    init(
        _ request: Request, secret: String, from connection: Connection, over relays: Relays,
        otherwise: @escaping () -> Void
    ) {
        self.request = request
        self.secret = secret
        self.connection = connection
        self.relays = relays
        self.otherwise = otherwise
        let facts = connection.facts
        // What has no length ends with its connection, on both hops; everything else has one.
        staysOpen = !request.wantsWebSocket && !connection.worker.shard.answersWithStream(request)
        let keepsAlive = facts.keepsAlive && staysOpen
        answer = RelayedAnswer(
            isHead: facts.isHead,
            connectionField: keepsAlive ? (facts.minorVersion == 0 ? "keep-alive" : nil) : "close")
    }

    func begin(to node: UInt16) {
        connection.delegate = self
        relays.find(node) { address in
            guard self.phase == .finding else { return }
            guard let address else { return self.giveUp() }
            self.connect(to: address, mayReuse: self.staysOpen)
        }
    }

    private func connect(to address: NodeAddress, mayReuse: Bool) {
        phase = .connecting
        relays.connect(address, mayReuse: mayReuse) { peer in
            guard self.phase == .connecting else {
                if let peer { self.relays.keep(peer) }
                return
            }
            guard let peer else { return self.giveUp() }
            peer.relay = self
            self.peer = peer
            self.phase = .waiting
            self.relays.carried += 1
            peer.write(
                RelayedRequest.bytes(
                    self.request, secret: self.secret, staysOpen: self.staysOpen,
                    takesChunks: !self.connection.isMounted))
        }
    }

    /// The owner cannot be reached, so the session is as good as gone: the client is told so at once, in its
    /// protocol's own words, and comes back.
    private func giveUp() {
        phase = .over
        relays.failed += 1
        peer = nil
        connection.delegate = nil
        otherwise()
    }

    // MARK: From the other node

    func received(_ buffer: ByteBuffer) {
        guard phase != .over else { return }
        if phase == .waiting { phase = .answering }
        // Head and body leave in one write, as they came.
        var passing: [UInt8] = []
        for event in answer.received(buffer.readableBytesView) {
            if case .bytes(let bytes) = event {
                if isHeadPassed || !connection.isMounted || phase == .tunnel {
                    passing += bytes
                } else {
                    connection.passHead(bytes)
                }
                isHeadPassed = true
                continue
            }
            connection.pass(passing)
            passing = []
            switch event {
            case .bytes: break
            case .tunnel:
                phase = .tunnel
                relays.tunnels += 1
                connection.openTunnel(for: self)
            case .end: return end()
            case .malformed: return breakOff()
            }
        }
        connection.pass(passing)
        if !connection.isReady { peer?.setReading(false) }
    }

    private func end() {
        isOver()
        let peer = peer
        self.peer = nil
        if let peer {
            peer.setReading(true)
            if staysOpen { relays.keep(peer) } else { peer.close() }
        }
        connection.delegate = nil
        connection.passed(staysOpen: staysOpen)
    }

    func peerClosed() {
        let wasUsed = peer?.isUsed ?? false
        let address = peer?.address
        peer = nil
        switch phase {
        case .waiting:
            // Closed at the other end while it was idle: the request has not been read there. Only what may be asked
            // twice is asked again, on a new connection.
            if wasUsed, request.method == "GET", let address {
                connect(to: address, mayReuse: false)
            } else {
                giveUp()
            }
        case .answering where answer.endsWithConnection, .tunnel: end()
        case .answering: breakOff()
        case .finding, .connecting, .over: break
        }
    }

    private func isOver() {
        if phase == .tunnel { relays.tunnels -= 1 }
        phase = .over
    }

    private func breakOff() {
        isOver()
        peer?.close()
        peer = nil
        connection.delegate = nil
        connection.abort()
    }

    func peerTakes(_ isWritable: Bool) {
        if phase == .tunnel { connection.setReading(isWritable) }
    }

    // MARK: From the client

    /// Bytes of a WebSocket.
    func sent(_ bytes: ByteBuffer) {
        guard phase == .tunnel, let peer else { return }
        peer.write(bytes)
        if !peer.isWritable { connection.setReading(false) }
    }

    func linkReady(_ link: any Link, at now: Instant) { peer?.setReading(true) }

    func linkClosed(_ link: any Link, at now: Instant) {
        isOver()
        peer?.close()
        peer = nil
    }

    /// An answer is waited for until the server ends: cut off, its client would lose a session that goes on elsewhere.
    func linkMustEnd(_ link: any Link, at now: Instant) { if phase == .tunnel { breakOff() } }

    // A relayed connection's bytes are not read here, and its body was whole before it was relayed.
    func link(_ link: any Link, receivedText text: ArraySlice<UInt8>, at now: Instant) {}
    func link(_ link: any Link, receivedBinary bytes: [UInt8], at now: Instant) {}
    func linkRefusedBody(_ link: any Link, at now: Instant) {}
}
