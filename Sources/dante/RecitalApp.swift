internal import Recital
internal import SocketIOServer

/// The reading as a server of the library: the text over every transport, and the page that shows it.
struct RecitalApp: Sendable {
    let server: Server
    let poem: Poem

    /// - Parameter now: the epoch of a shared pace.
    init(_ settings: Settings, poem: Poem, source: TextSource, assets: Assets, startingAt now: Instant) throws
    {
        self.poem = poem
        let feed = RecitalFeed(
            poem: poem,
            reading: Reading(
                count: poem.stanzas.count, intervalNanoseconds: settings.interval.wholeNanoseconds,
                pace: settings.pace == .shared ? .shared(epochNanoseconds: now.nanoseconds) : .reader,
                atEnd: settings.readingEnd),
            eventName: settings.event)
        var server = Server(settings, assets: assets)
        let main = Namespace("/", feed: feed)
        for companion in settings.companions ?? [] {
            let application = companion.application(settings)
            for name in companion.namespaces {
                let namespace = name == "/" ? main : server.namespace(name)
                try application.mount(on: namespace)
                // The reading is for every page; what stands beside it need not be.
                if settings.origins == nil, companion.origins != .any {
                    namespace.use { try companion.origins.check($0.handshake) }
                }
            }
        }
        server.add(main)
        let routes = Self.routes(settings, poem: poem, source: source)
        let offered = Set(settings.transports.map(\.rawValue))
        server.serve(feed, over: routes.filter { offered.contains($0.transport) }.map(\.route))
        let refused = routes.filter { !offered.contains($0.transport) }

        let page = Self.page(settings, poem: poem, source: source, assets: assets)
        let hasChat = settings.companions?.contains(.chat) == true
        let chat =
            hasChat ? ChatPage(settings, assets: assets, namespace: "/chat", isAlone: false) : nil
        server.page = { lastSegment, request in
            if request.wantsWebSocket { return .response(.notOffered("raw")) }
            if let file = assets.files[lastSegment] { return .response(file.response(to: request)) }
            if let answer = Health.answer(lastSegment, request) { return answer }
            if let route = refused.first(where: { $0.route.name == lastSegment }) {
                return .response(.notOffered(route.transport))
            }
            if let answer = chat?.answer(lastSegment, request) { return answer }
            return Self.pageNames.contains(lastSegment) ? .response(page(request)) : .nothing
        }
        self.server = server
    }

    /// The page's own names; the last two are the sample's, on which its two pages were found.
    private static let pageNames: Set<String> = ["", "index.html", "server-socketio.js", "server-faye.js"]

    /// Answers with the page: the same bytes for everybody who brings neither a place nor a token.
    private static func page(
        _ settings: Settings, poem: Poem, source: TextSource, assets: Assets
    ) -> @Sendable (Request) -> Response {
        let template = Page.filled(
            assets.index,
            with: [
                "title": poem.title, "byline": source.byline, "count": String(poem.stanzas.count),
                "interval": String(settings.interval.wholeMilliseconds), "event": settings.event,
                "lang": source.language, "resource": settings.resource,
                "style-tag": assets.files["page.css"]?.version ?? "",
                "slash-tag": assets.slashScript.version,
                "script-tag": assets.files["page.js"]?.version ?? "",
                "client-tag": assets.clientScript.version,
            ])
        let type = "text/html; charset=utf-8"
        let usual = Assets.File(Page.filled(template, with: ["search": ""]), type: type)
        return { request in
            if request.parameter("script") == "slash" { return assets.slashScript.response(to: request) }
            let search = Page.search(of: request)
            var file = usual
            if !search.isEmpty {
                file = Assets.File(
                    Page.filled(template, with: ["search": search]), type: type, isPrivate: true)
            }
            var response = file.response(to: request)
            if assets.isBuiltIn { response.headers.append(("Content-Security-Policy", Page.policy)) }
            return response
        }
    }

    private static func routes(
        _ settings: Settings, poem: Poem, source: TextSource
    ) -> [(transport: String, route: PlainRoute)] {
        let stanzas = poem.stanzas
        // Behind the last stanza of a text that ends here there is one line end, so that what was read is the file.
        let last = settings.atEnd == .close ? stanzas.count - 1 : stanzas.count
        return [
            ("raw", PlainRoute(name: "ws", exchange: .webSocket) { Array(stanzas[$0].text.utf8) }),
            (
                "sse",
                PlainRoute(
                    name: "sse", exchange: .stream, contentType: "text/event-stream",
                    silence: EventStream.comment(""),
                    notice: EventStream.comment("the cursor is not valid, reading from the first stanza"),
                    goodbye: { EventStream.retry(milliseconds: $0) },
                    endsWithNoContent: true,
                    entry: { EventStream.event(id: String($0 + 1), event: nil, data: stanzas[$0].text) })
            ),
            (
                "text",
                PlainRoute(
                    name: "text", exchange: .stream, contentType: "text/plain; charset=utf-8",
                    silence: Array("\n".utf8),
                    entry: { Array((stanzas[$0].text + ($0 == last ? "\n" : "\n\n")).utf8) })
            ),
            (
                "read",
                PlainRoute(
                    name: "read", exchange: .stream, contentType: "text/html; charset=utf-8",
                    opening: Page.growingHead(title: poem.title, source: source),
                    closing: Page.growingEnd,
                    silence: Array("\n".utf8),
                    entry: { Array(Markup.stanza(stanzas[$0].text, number: $0 + 1).utf8) })
            ),
        ]
    }
}

/// What says that the server lives, and how much it has open.
enum Health {
    static func answer(_ name: String, _ request: Request) -> Answer? {
        switch name {
        case "healthz": .response(.text(200, "ok\n"))
        case "readyz":
            .counted { totals in totals.isDraining ? .text(503, "stopping\n") : .text(200, "ok\n") }
        case "status":
            .counted { totals in .json(200, totals.statusJSON) }
        case "metrics":
            .counted { totals in
                Response(
                    200, headers: [("Content-Type", Totals.metricsType), ("Cache-Control", "no-store")],
                    body: Array(totals.metricsText.utf8))
            }
        default: nil
        }
    }
}

extension Response {
    /// A way of reading that the operator has switched off.
    fileprivate static func notOffered(_ transport: String) -> Response {
        .json(404, #"{"error":"the transport \#(transport) is not offered here","setting":"--transports"}"#)
    }
}

extension Settings {
    var readingEnd: Recital.AtEnd {
        switch atEnd {
        case .close: .close
        case .repeat: .repeat
        case .stay: .stay
        }
    }

    /// What of the settings is the library's.
    var socketIO: SocketIO.Settings {
        var settings = SocketIO.Settings()
        settings.resource = resource
        settings.basePath = basePath
        settings.polling = !Set(transports).isDisjoint(with: [.polling, .xhrPolling, .jsonpPolling])
        settings.transportsV09 = transportsV09
        settings.origins = origins ?? .any
        settings.heartbeats = heartbeats == .on
        settings.pollingDuration = pollingDuration
        settings.closeTimeoutV09 = closeTimeout
        settings.closeTimeout = closeTimeout
        settings.webSocket = transports.contains(.websocket)
        settings.pingInterval = heartbeat
        settings.pingTimeout = heartbeatTimeout
        settings.connectTimeout = connectTimeout
        settings.handshakeTimeoutV09 = connectTimeout
        settings.upgradeTimeout = upgradeTimeout
        settings.maxPayload = maxPayloadBytes
        settings.maxBuffered = maxBufferedBytes
        settings.maxPackets = maxPackets
        settings.maxNamespaces = maxNamespaces
        settings.maxSessions = maxSessions
        settings.recovery = recovery.map { span in
            var recovery = RecoverySettings()
            recovery.maxDisconnectionDuration = span
            return recovery
        }
        // A slot is how late a stanza may be: little beside the interval.
        settings.wheelSlot = interval < .milliseconds(500) ? .milliseconds(1) : .milliseconds(5)
        return settings
    }

    /// 0.9's transports in the operator's order; `polling` stands for those that are not named themselves.
    private var transportsV09: [TransportV09] {
        let named = transports.compactMap { TransportV09(rawValue: $0.rawValue) }
        return transports.flatMap { transport -> [TransportV09] in
            if let one = TransportV09(rawValue: transport.rawValue) { return [one] }
            guard transport == .polling else { return [] }
            return [.htmlFile, .xhrPolling, .jsonpPolling].filter { !named.contains($0) }
        }
    }

    var chat: ChatLimits {
        ChatLimits(
            maxName: chatMaxName, maxMessage: chatMaxMessage, burst: chatBurst,
            interval: .seconds(60) / chatRate)
    }

    var listener: ListenerSettings {
        var settings = ListenerSettings()
        settings.host = host
        settings.port = port
        settings.sharesPort = sharePort == .on
        settings.threads = threads
        settings.trustedProxies = trustedProxies ?? []
        settings.maxHead = maxHeadBytes
        settings.maxHeaderFields = maxHeaderFields
        settings.maxFragments = maxFragments
        settings.headTimeout = headTimeout
        settings.bodyTimeout = bodyTimeout
        settings.messageTimeout = messageTimeout
        settings.idleTimeout = idleTimeout
        settings.stallTimeout = stallTimeout
        settings.sendBuffer = sendBufferBytes
        settings.maxConnections = maxConnections
        settings.maxConnectionsPerAddress = maxConnectionsPerAddress
        settings.drainDelay = drainDelay
        settings.drainWindow = drainWindow
        settings.shutdownTimeout = shutdownTimeout
        if let tlsCertificate, let tlsKey {
            settings.tls = ListenerSettings.TLS(certificate: tlsCertificate, key: tlsKey)
        }
        if compression == .on {
            settings.compression = ListenerSettings.Compression(threshold: compressionThreshold)
        }
        settings.nodeAddress = cluster.nodeAddress
        settings.relayAddress = cluster.relayAddress
        settings.relayTimeout = cluster.relayTimeout
        settings.maxIdleRelays = cluster.maxIdleRelays
        return settings
    }
}
