internal import NIOCore
internal import NIOPosix
internal import SocketIO
internal import SocketIOCore

/// A connection to another node, which carries one relayed request at a time.
///
/// Owner: the event loop of its worker.
final class RelayPeer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    let address: NodeAddress
    /// Who waits for what comes; nil while idle.
    var relay: Relay?
    /// Has carried a request before: it may have been closed at the other end meanwhile.
    var isUsed = false
    private unowned let relays: Relays
    private var channel: (any Channel)?

    init(_ address: NodeAddress, relays: Relays) {
        self.address = address
        self.relays = relays
    }

    var isWritable: Bool { channel?.isWritable ?? false }
    var isOpen: Bool { channel?.isActive ?? false }

    func write(_ bytes: ByteBuffer) { channel?.writeAndFlush(bytes, promise: nil) }
    func write(_ bytes: [UInt8]) { if let channel { write(channel.allocator.buffer(bytes: bytes)) } }

    func setReading(_ isOn: Bool) { try? channel?.syncOptions?.setOption(.autoRead, value: isOn) }

    func close() {
        relay = nil
        channel?.close(mode: .all, promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) { channel = context.channel }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Words that nobody asked for: whose answer they were would be a guess.
        guard let relay else { return context.close(promise: nil) }
        relay.received(unwrapInboundIn(data))
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) { relay?.peerTakes(isWritable) }

    func channelInactive(context: ChannelHandlerContext) {
        relays.forget(self)
        let relay = relay
        self.relay = nil
        relay?.peerClosed()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// What one worker needs to reach other nodes: where they are, and connections that are open and idle.
///
/// Owner: the event loop of its worker.
final class Relays {
    let directory: any NodeDirectory
    private let loop: any EventLoop
    private let settings: ListenerSettings
    private var idle: [NodeAddress: [RelayPeer]] = [:]
    private var known: [UInt16: (address: NodeAddress?, until: Instant)] = [:]
    /// Requests handed to another node so far.
    var carried = 0
    /// Requests whose node was not there, or could not be reached.
    var failed = 0
    /// WebSockets that go through here now.
    var tunnels = 0
    private var asked: [UInt16: [(NodeAddress?) -> Void]] = [:]

    /// A node's address is taken as known for so long; made-up numbers of clients are forgotten with it.
    private static let maxAge: Duration = .seconds(1)
    private static let maxKnown = 256

    init(_ directory: any NodeDirectory, on loop: any EventLoop, settings: ListenerSettings) {
        self.directory = directory
        self.loop = loop
        self.settings = settings
    }

    /// Where the node is; nil when there is none.
    func find(_ node: UInt16, _ call: @escaping (NodeAddress?) -> Void) {
        if let known = known[node], Clock.now() < known.until { return call(known.address) }
        if asked[node] != nil {
            asked[node]?.append(call)
            return
        }
        // So many questions at a time; a flood of made-up numbers must not become one of questions.
        guard asked.count < settings.maxNodeLookups else { return call(nil) }
        asked[node] = [call]
        let promise = loop.makePromise(of: NodeAddress?.self)
        promise.completeWithTask { [directory] in await directory.address(of: node) }
        promise.futureResult.assumeIsolated().whenComplete { result in
            let address = (try? result.get()).flatMap { $0 }
            if self.known.count >= Self.maxKnown { self.known = [:] }
            self.known[node] = (address, Clock.now() + Self.maxAge)
            for call in self.asked.removeValue(forKey: node) ?? [] { call(address) }
        }
    }

    /// An open connection to the node, an idle one if there is one; nil when it does not accept any.
    func connect(_ address: NodeAddress, mayReuse: Bool, _ call: @escaping (RelayPeer?) -> Void) {
        while mayReuse, let peer = idle[address]?.popLast() {
            if peer.isOpen {
                peer.isUsed = true
                return call(peer)
            }
        }
        let peer = RelayPeer(address, relays: self)
        let bound = NIOLoopBound(peer, eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(.nanoseconds(settings.relayTimeout.wholeNanoseconds))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
            .connect(host: address.host, port: address.port)
            .assumeIsolated().whenComplete { result in
                if case .success = result { call(peer) } else { call(nil) }
            }
    }

    /// The answer is whole; the connection may take another request.
    func keep(_ peer: RelayPeer) {
        peer.relay = nil
        guard peer.isOpen, idle[peer.address, default: []].count < settings.maxIdleRelays else {
            return peer.close()
        }
        idle[peer.address, default: []].append(peer)
    }

    func forget(_ peer: RelayPeer) {
        idle[peer.address]?.removeAll { $0 === peer }
        if idle[peer.address]?.isEmpty == true { idle[peer.address] = nil }
    }

    func closeAll() {
        for peer in idle.values.joined() { peer.close() }
        idle = [:]
    }
}
