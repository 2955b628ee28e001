internal import NIOCore
internal import SocketIO

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Between event loops.
extension Connection {
    /// Takes the connection to the loop of the session that `request` is for, where everything that is written then
    /// costs no hop. Once only: a proxy's connection brings requests for many sessions.
    ///
    /// - Parameter rest: what has been read behind the request.
    /// - Returns: false when it stays.
    func move(_ request: Request, followedBy rest: ByteBuffer, to owner: UInt8) -> Bool {
        guard let peers = worker.peers, !hasMoved, descriptor >= 0, outstanding == 0, phase == .http,
            relayedClient == nil,
            worker.stage == .serving
        else { return false }
        // The copy keeps the connection open when NIO closes its own descriptor, which says nothing to the peer.
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return false }
        let moved = MovedRequest(
            descriptor: copy, request: request, facts: facts, rest: rest, isCounted: isCounted)
        hasLeft = true
        isCounted = false
        ended()
        channel?.close(promise: nil)
        peers.on(owner) { worker in moved.arrive(at: worker, of: peers) }
        return true
    }

    func begin(with moved: MovedRequest, in context: ChannelHandlerContext) {
        isCounted = moved.isCounted
        isBusy = true
        facts = moved.facts
        worker.enter { now in
            worker.shard.received(moved.request, on: self, at: now)
        }
        guard moved.rest.readableBytes > 0 else { return }
        if readsFrames { receivedFrames(moved.rest) } else { readRequests(moved.rest, in: context) }
    }
}
