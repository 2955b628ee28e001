internal import NIOCore
internal import NIOPosix
internal import SocketIO

/// A connection on its way to another event loop, with the request for the sake of which it goes there.
final class MovedRequest: Sendable {
    /// A descriptor of the connection that nobody else has.
    private let descriptor: CInt
    let request: Request
    let facts: RequestFacts
    /// What has been read behind the request.
    let rest: ByteBuffer
    /// It has been counted as one of its address's connections.
    let isCounted: Bool

    init(descriptor: CInt, request: Request, facts: RequestFacts, rest: ByteBuffer, isCounted: Bool) {
        self.descriptor = descriptor
        self.request = request
        self.facts = facts
        self.rest = rest
        self.isCounted = isCounted
    }

    /// Makes a connection of it again, on the loop of `worker`, which must be the current one.
    ///
    /// Should that fail, NIO closes the descriptor: to the client it is a connection that broke.
    func arrive(at worker: Worker, of peers: Workers) {
        _ = ClientBootstrap(group: worker.loop)
            .channelOption(.recvAllocator, value: TransientReceiveBuffers())
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Connection.open(on: channel, peers.current(on: channel.eventLoop), moved: self)
                }
            }
            .withConnectedSocket(descriptor)
    }
}
