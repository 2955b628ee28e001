import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import SocketIO
import SocketIOServer
import Synchronization

/// An HTTP/1 server with a pipeline of its own, on two event loops, into which a Socket.IO server is mounted.
final class Host: Sendable {
    /// How its pipeline is made.
    enum Pipeline: CaseIterable, Sendable {
        /// By NIO, with its handler for pipelined requests.
        case stock
        /// By NIO without that handler: the host answers requests as they come.
        case unordered
        /// By hand, the decoder before the encoder.
        case reversed
        /// By NIO, with an upgrade to a protocol of the host's.
        case upgrading
    }

    let mount: Mount
    let port: Int
    let gate: HostGate
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel

    private init(_ server: Server, _ pipeline: Pipeline, _ settings: ListenerSettings) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let mount = try await Mount(server, on: group, settings: settings, logger: silent)
        let gate = HostGate()
        let accepted = Accepted()
        channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                accepted.channels.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    try Self.open(channel, pipeline, mount, gate)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.group = group
        self.mount = mount
        self.gate = gate
        self.accepted = accepted
        port = channel.localAddress?.port ?? 0
    }

    private final class Accepted: Sendable { let channels = Mutex<[any Channel]>([]) }
    private let accepted: Accepted

    private static func open(_ channel: any Channel, _ pipeline: Pipeline, _ mount: Mount, _ gate: HostGate)
        throws
    {
        let handlers = channel.pipeline.syncOperations
        switch pipeline {
        case .stock: try handlers.configureHTTPServerPipeline()
        case .unordered: try handlers.configureHTTPServerPipeline(withPipeliningAssistance: false)
        case .reversed:
            try handlers.addHandlers([
                ByteToMessageHandler(HTTPRequestDecoder()), HTTPResponseEncoder(),
                HTTPServerPipelineHandler(),
            ])
        case .upgrading:
            try handlers.configureHTTPServerPipeline(
                withServerUpgrade: (upgraders: [ShoutingUpgrader()], completionHandler: { _ in }))
            let upgrade = try handlers.handler(type: HTTPServerUpgradeHandler.self)
            try mount.add(to: channel, position: .before(upgrade))
            return try handlers.addHandler(HostHandler(gate))
        }
        try mount.add(to: channel)
        try handlers.addHandler(HostHandler(gate))
    }

    func client() throws -> RawClient { try RawClient(port: port) }

    /// What a helper for quiescing sends to each connection when its server stops.
    func quiesce() {
        for channel in accepted.channels.withLock({ $0 }) {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }

    /// Two connections on different loops.
    func clientsOnTwoLoops() async throws -> (RawClient, RawClient) {
        let first = try client()
        try await first.get("/loop")
        let loop = try await first.answer().body
        while true {
            let second = try client()
            try await second.get("/loop")
            if try await second.answer().body != loop { return (first, second) }
        }
    }

    /// Serves, runs `body`, and ends.
    static func run(
        _ pipeline: Pipeline = .stock, feed: Lines = Lines(),
        _ change: (inout Server, inout ListenerSettings) -> Void = { _, _ in },
        _ body: (Host) async throws -> Void
    ) async throws {
        var setup = Edge.Setup.with(feed, change)
        setup.server.serveEngine(below: "engine.io") { socket, message in socket.send(message) }
        let host = try await Host(setup.server, pipeline, setup.settings)
        do {
            try await body(host)
        } catch {
            await host.end()
            throw error
        }
        await host.end()
    }

    private func end() async {
        await mount.shutdown()
        try? await channel.close()
        try? await group.shutdownGracefully()
    }
}

/// Keeps the answer to `/held` back until somebody asks for `/release`.
final class HostGate: Sendable {
    private let waiting = Mutex<[@Sendable () -> Void]>([])

    var isEmpty: Bool { waiting.withLock { $0.isEmpty } }

    func wait(_ call: @escaping @Sendable () -> Void) { waiting.withLock { $0.append(call) } }

    func open() {
        for call in waiting.withLock({ calls in
            defer { calls = [] }
            return calls
        }) { call() }
    }
}

/// The host's own application: it says hello, and sends bodies back.
private final class HostHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let gate: HostGate
    private var path = ""
    private var body = ByteBuffer()

    init(_ gate: HostGate) { self.gate = gate }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            path = head.uri
            body.clear()
        case .body(var bytes): body.writeBuffer(&bytes)
        case .end: respond(context)
        }
    }

    private func respond(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        switch path {
        case "/echo": answer(context, body)
        case "/loop": answer(context, ByteBuffer(string: "\(ObjectIdentifier(context.eventLoop))"))
        case "/held":
            gate.wait { [loop = context.eventLoop] in
                loop.execute { bound.value.0.answer(bound.value.1, ByteBuffer(string: "held")) }
            }
        case "/release":
            answer(context, ByteBuffer(string: "released"))
            gate.open()
        default: answer(context, ByteBuffer(string: "the host's \(path)"))
        }
    }

    private func answer(_ context: ChannelHandlerContext, _ body: ByteBuffer) {
        let head = HTTPResponseHead(
            version: .http1_1, status: .ok, headers: ["Content-Length": "\(body.readableBytes)"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}

/// A protocol of the host's, `shout`: what comes is sent back, with an exclamation mark.
private struct ShoutingUpgrader: HTTPServerProtocolUpgrader, Sendable {
    let supportedProtocol = "shout"
    let requiredUpgradeHeaders: [String] = []

    func buildUpgradeResponse(
        channel: any Channel, upgradeRequest: HTTPRequestHead, initialResponseHeaders: HTTPHeaders
    ) -> EventLoopFuture<HTTPHeaders> { channel.eventLoop.makeSucceededFuture(initialResponseHeaders) }

    func upgrade(context: ChannelHandlerContext, upgradeRequest: HTTPRequestHead) -> EventLoopFuture<Void> {
        context.eventLoop.makeCompletedFuture {
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(Shouter())
            _ = try pipeline.removeHandler(pipeline.handler(type: HostHandler.self))
        }
    }

    private final class Shouter: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            bytes.writeString("!")
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        }
    }
}
