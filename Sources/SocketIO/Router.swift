internal import SocketIOCore

/// Finds what a request is for by the end of its path, whatever prefix a proxy has put before it.
///
/// - Why: no common proxy says which prefix it added or took away, and a doubled slash is common too.
struct Router: Sendable {
    enum Route: Sendable {
        /// Below the resource: what follows it, without its slash.
        case resource(Substring)
        /// Below the address of an Engine.IO without Socket.IO.
        case engine(EngineEndpoint)
        case plain(PlainRoute)
        case raw(RawEndpoint)
        /// A page or a file of the application, by the last segment of the path.
        case page(lastSegment: String)
        /// Outside the one path that the operator allows.
        case outside(basePath: String)
    }

    private let resource: ResourcePath
    private let basePath: [String]?
    private let basePathText: String
    private let routes: [PlainRoute]
    private let rawEndpoints: [RawEndpoint]
    private let engineEndpoints: [EngineEndpoint]
    private let resourceSegments: [String]

    init(server: Server) {
        resource = ResourcePath(resource: server.settings.resource)
        basePathText = server.settings.basePath ?? "/"
        basePath = server.settings.basePath.map { base in base.split(separator: "/").map(String.init) }
        routes = server.routes
        rawEndpoints = server.rawEndpoints
        engineEndpoints = server.engineEndpoints
        resourceSegments = server.settings.resource.split(separator: "/").map(String.init)
    }

    /// Whether a path without its final slash may lead to the one with it. With a base path only its own may.
    func mayRedirect(_ request: Request) -> Bool {
        guard let basePath else { return true }
        return request.path.split(separator: "/").count == basePath.count
    }

    func route(_ request: Request) -> Route {
        let path = request.path
        if let basePath {
            let segments = path.split(separator: "/").map {
                String(decoding: Query.percentDecoded($0.utf8, plusIsBlank: false), as: UTF8.self)
            }
            // The base path itself without its final slash is let through, to be redirected.
            guard segments.starts(with: basePath),
                isAllowed(segments.dropFirst(basePath.count), path, request)
            else {
                return .outside(basePath: basePathText)
            }
        }
        if let rest = resource.rest(of: path) { return .resource(rest) }
        if let endpoint = engineEndpoints.first(where: { $0.path.rest(of: path) != nil }) {
            return .engine(endpoint)
        }
        let last = PathTail.lastSegment(path)
        if let endpoint = rawEndpoints.first(where: { $0.name == last }) { return .raw(endpoint) }
        if request.wantsWebSocket, let raw = routes.first(where: { $0.exchange == .webSocket }) {
            return .plain(raw)
        }
        if let route = routes.first(where: { $0.name == last }) { return .plain(route) }
        return .page(lastSegment: last)
    }

    /// With a base path nothing is recognised by its tail alone: everything stands right below it. A WebSocket may
    /// be one deeper, where the sample's page opens it: `server-faye.js/ws`.
    private func isAllowed(_ below: ArraySlice<String>, _ path: Substring, _ request: Request) -> Bool {
        if resource.rest(of: path) != nil { return below.starts(with: resourceSegments) }
        if request.wantsWebSocket { return below.count <= 2 }
        return below.isEmpty || below.count == 1 && path.utf8.last != UInt8(ascii: "/")
    }

    /// Where a path without its final slash leads: relative, so that it holds behind any prefix. Nil when the
    /// last segment is a file's name.
    static func redirect(for request: Request, lastSegment: String) -> Response? {
        guard !lastSegment.isEmpty else { return nil }
        // An ending of letters is a file's; `v1.2` is none.
        let parts = lastSegment.split(separator: ".")
        if parts.count > 1, let ending = parts.last?.utf8,
            ending.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 32) })
        {
            return nil
        }
        let raw = request.path.split(separator: "/").last ?? ""
        // "./" keeps a colon in the segment from being read as a scheme.
        let query = request.target.dropFirst(request.path.count)
        return Response(302, headers: [("Location", "./\(raw)/\(query)"), ("Cache-Control", "no-cache")])
    }
}
