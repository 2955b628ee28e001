import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import SocketIO
import SocketIOServer
import Testing

/// The README's code that mounts a server in a host's pipeline: it is this file's, and it works.
struct MountReadmeTests {
    @Test func codeOfTheReadmeServesBoth() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = Server()
        let port = 0
        let mount = try await Mount(server, on: group)
        let channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline()
                    try mount.add(to: channel)
                    try pipeline.addHandler(MyHandler())
                }
            }
            .bind(host: "127.0.0.1", port: port).get()

        let client = try RawClient(port: channel.localAddress?.port ?? 0)
        try await client.get(Edge.polling)
        #expect(try await client.answer().body.hasPrefix("0{"))
        try await client.get("/mine")
        #expect(try await client.answer().body == "mine")
        await mount.shutdown()
        try await channel.close()
        try await group.shutdownGracefully()
    }

    @Test func readmeShowsThisCode() throws {
        let file = URL(filePath: #filePath)
        let root = file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        let lines = try String(contentsOf: file, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        let first = try #require(lines.firstIndex { $0.hasPrefix("        let mount = ") })
        let last = try #require(lines.firstIndex { $0.hasSuffix("port: port).get()") })
        let code = lines[first...last].map { $0.dropFirst(8) }.joined(separator: "\n")
        #expect(readme.contains("```swift\n\(code)\n```"))
    }
}

/// Says that everything is its own.
private final class MyHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = unwrapInboundIn(data) else { return }
        let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "4"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: "mine")))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
