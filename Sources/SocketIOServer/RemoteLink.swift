internal import NIOCore
internal import SocketIO
internal import SocketIOCore
internal import Synchronization

/// A connection of one event loop as the shard of another sees it: every call is a hop to the connection's loop.
///
/// Not needed by a reader who opens a WebSocket or a stream: those live where they were accepted. It serves a poll,
/// a POST or an upgrade that lands on another loop than its session.
///
/// - `@unchecked Sendable`: made on the connection's loop and handed over once; from then on `delegate`, `isReady`
///   and `unsent` are touched on the owner's loop only, which every method asserts; the rest is immutable.
final class RemoteLink: Link, @unchecked Sendable {
    private let connection: NIOLoopBound<Connection>
    private let owner: UInt8
    private let peers: Workers
    var delegate: (any LinkDelegate)?
    private var unsent = 0

    init(_ connection: NIOLoopBound<Connection>, owner: UInt8, peers: Workers) {
        self.connection = connection
        self.owner = owner
        self.peers = peers
    }

    var isReady: Bool { unsent == 0 }

    func respond(_ response: Response) {
        delegate = nil
        hop { $0.respond(response) }
    }

    func respond(counted make: @escaping @Sendable (Totals) -> Response) { hop { $0.respond(counted: make) } }
    func openStream(_ head: Response) { hop { $0.openStream(head) } }
    func openSocket(accept: String, headers: [(name: String, value: String)], maxMessageBytes: Int?) {
        hop { $0.openSocket(accept: accept, headers: headers, maxMessageBytes: maxMessageBytes) }
    }
    func write(_ frame: Frame) { tracked { $0.write(frame) } }
    func write(_ packet: Outgoing) { tracked { $0.write(packet) } }
    func ping() { hop { $0.ping() } }
    func flush() { hop { $0.flush() } }
    func endStream() {
        delegate = nil
        hop { $0.endStream() }
    }
    func closeSocket(code: UInt16?) {
        delegate = nil
        hop { $0.closeSocket(code: code) }
    }
    func abort() { hop { $0.abort() } }

    private func hop(_ step: @escaping @Sendable (Connection) -> Void) {
        peers.loops[Int(owner)].assertInEventLoop()
        connection.eventLoop.execute { [connection] in step(connection.value) }
    }

    /// A write, after which the link is not ready until the connection's loop says so.
    private func tracked(_ step: @escaping @Sendable (Connection) -> Void) {
        unsent += 1
        hop { connection in
            step(connection)
            connection.whenReady { self.peers.on(self.owner) { worker in self.wasSent(in: worker) } }
        }
    }

    private func wasSent(in worker: Worker) {
        unsent -= 1
        guard unsent == 0, let delegate else { return }
        worker.enter { now in delegate.linkReady(self, at: now) }
    }
}

/// The other half: what happens on a connection, told to the session's loop in the same order.
///
/// Owner: the connection's loop.
final class RemoteDelegate: LinkDelegate {
    private let link: RemoteLink
    private let owner: UInt8
    private let peers: Workers

    init(_ connection: Connection, owner: UInt8, peers: Workers) {
        self.owner = owner
        self.peers = peers
        link = RemoteLink(
            NIOLoopBound(connection, eventLoop: connection.worker.loop), owner: owner, peers: peers)
    }

    /// A request for the shard of the other loop.
    func hand(_ step: @escaping @Sendable (Shard, any Link, Instant) -> Void) {
        peers.on(owner) { [link] worker in worker.enter { now in step(worker.shard, link, now) } }
    }

    private func tell(_ step: @escaping @Sendable (any LinkDelegate, RemoteLink, Instant) -> Void) {
        peers.on(owner) { [link] worker in
            guard let delegate = link.delegate else { return }
            worker.enter { now in step(delegate, link, now) }
        }
    }

    // Readiness is told write by write.
    func linkReady(_ link: any Link, at now: Instant) {}

    func link(_ link: any Link, receivedText text: ArraySlice<UInt8>, at now: Instant) {
        tell { delegate, link, now in delegate.link(link, receivedText: text, at: now) }
    }

    func link(_ link: any Link, receivedBinary bytes: [UInt8], at now: Instant) {
        tell { delegate, link, now in delegate.link(link, receivedBinary: bytes, at: now) }
    }

    func linkClosed(_ link: any Link, at now: Instant) {
        tell { delegate, link, now in delegate.linkClosed(link, at: now) }
    }

    func linkRefusedBody(_ link: any Link, at now: Instant) {
        tell { delegate, link, now in delegate.linkRefusedBody(link, at: now) }
    }

    func linkMustEnd(_ link: any Link, at now: Instant) {
        tell { delegate, link, now in delegate.linkMustEnd(link, at: now) }
    }
}
