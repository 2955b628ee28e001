internal import SocketIOServer
internal import Synchronization

/// One application as a server of its own: `dante hello`, `dante got-it`, `dante chat`. It is mounted on the main
/// namespace, where the clients of the examples look for it.
struct AppServer: Sendable {
    let server: Server
    /// Told when it is known; `dante hello` says it to whoever asks.
    let port: BoundPort

    init(_ companion: Settings.Companion, _ settings: Settings, assets: Assets) throws {
        var server = Server(settings, assets: assets)
        if settings.origins == nil { server.settings.origins = companion.origins }
        let port = BoundPort(settings.port)
        try companion.application(settings).mount(on: server.namespace("/"))
        server.page = Self.page(of: companion, settings, assets, port)
        self.server = server
        self.port = port
    }

    private static func page(
        of companion: Settings.Companion, _ settings: Settings, _ assets: Assets, _ port: BoundPort
    ) -> @Sendable (_ lastSegment: String, _ request: Request) -> Answer {
        switch companion {
        case .hello:
            return { _, _ in .always(.text(200, "socket.io server started on port: \(port.number)")) }
        case .chat:
            let page = ChatPage(settings, assets: assets, namespace: "/", isAlone: true)
            return { Health.answer($0, $1) ?? page.answer($0, $1) ?? .nothing }
        case .gotIt, .echo: return { Health.answer($0, $1) ?? .nothing }
        }
    }
}

/// The port a server has got, once it has.
final class BoundPort: Sendable {
    private let state: Atomic<Int>

    init(_ wanted: Int) { state = Atomic(wanted) }

    var number: Int { state.load(ordering: .relaxed) }
    func taken(_ number: Int) { state.store(number, ordering: .relaxed) }
}
