import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import SocketIOServer

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A Hummingbird application that says hello, with Socket.IO below `/live/` on the same port.
///
///     hummingbird-example PORT
@main
struct Example {
    static func main() async throws {
        let port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 8080
        let group = MultiThreadedEventLoopGroup.singleton
        let mount = try await Mount(try LiveServer.make(), on: group)
        let router = Router()
        router.get("/hello") { _, _ in "Hello from Hummingbird" }
        router.post("/echo") { request, _ in try await request.body.collect(upTo: 1 << 20) }
        router.get("/connections") { _, _ in "\(try await mount.totals().connections)" }

        let application = Application(
            router: router,
            server: HTTPServerBuilder { SocketIOChannel(http: HTTP1Channel(responder: $0), mount: mount) },
            configuration: .init(address: .hostname("127.0.0.1", port: port)),
            services: [MountService(mount: mount)],
            onServerRunning: { announce($0.localAddress?.port ?? port) },
            eventLoopGroupProvider: .shared(group))
        try await application.runService()
    }

    /// Into a pipe too: whoever starts this waits for the line.
    @Sendable private static func announce(_ port: Int) {
        print("hummingbird-example: http://127.0.0.1:\(port)/")
        fflush(nil)
    }
}
