import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypesHTTP1
import ServiceLifecycle
import SocketIOServer

/// Hummingbird's HTTP/1 channel, in which a Socket.IO server answers what is its.
struct SocketIOChannel: ServerChildChannel {
    let http: HTTP1Channel
    let mount: Mount

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        http.setup(channel: channel, logger: logger).flatMapThrowing { value in
            // Behind NIO's codec, and before the one that makes Hummingbird's types of NIO's.
            let codec = try channel.pipeline.syncOperations.handler(type: HTTP1ToHTTPServerCodec.self)
            try mount.add(to: channel, position: .before(codec))
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await http.handle(value: value, logger: logger)
    }
}

/// Ends the Socket.IO server with the application.
struct MountService: Service {
    let mount: Mount

    func run() async throws {
        try await gracefulShutdown()
        await mount.shutdown()
    }
}
