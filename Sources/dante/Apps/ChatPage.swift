internal import SocketIOServer

/// The chat's page and what it is made of, alone or beside the reading.
struct ChatPage: Sendable {
    private let page: Assets.File
    private let files: [String: Assets.File]
    private let isAlone: Bool
    private let redirects: Bool

    /// - Parameters:
    ///   - namespace: in which the chat is mounted.
    ///   - isAlone: there is no other page, so this one is found at the root.
    init(_ settings: Settings, assets: Assets, namespace: String, isAlone: Bool) {
        let values = ["resource": settings.resource, "namespace": namespace]
        page = Assets.File(Page.filled(assets.chatPage, with: values), type: "text/html; charset=utf-8")
        files = assets.chatFiles
        self.isAlone = isAlone
        redirects = settings.basePath == nil
    }

    func answer(_ lastSegment: String, _ request: Request) -> Answer? {
        if let file = files[lastSegment] { return .response(file.response(to: request)) }
        let isRoot = ["", "index.html"].contains(lastSegment)
        if lastSegment == "chat" || isAlone && isRoot {
            var response = page.response(to: request)
            // What is typed here is sent in the guest's name, so no other page may lay its own over this one.
            response.headers.append(("Content-Security-Policy", "frame-ancestors 'self'"))
            return .response(response)
        }
        // With a slash it would stand below the reading. A base path of that name is the reading's own.
        let isBelow = redirects && lastSegment.isEmpty && request.path.split(separator: "/").last == "chat"
        return isBelow ? .response(Response(302, headers: [("Location", "../chat")])) : nil
    }
}
