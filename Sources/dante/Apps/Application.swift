internal import SocketIOServer

/// A small application: what it answers to the events of a namespace.
///
/// A value that stands wherever it is mounted, alone or beside others, and on several namespaces at once. It is
/// written on the library's public interface; a client's generation is the library's business.
protocol Application: Sendable {
    /// Registers its handlers, and keeps what it has to know of this namespace's sockets with them.
    ///
    /// - Errors: ``EventNameError`` for an event that the protocol keeps to itself.
    func mount(on namespace: Namespace) throws(EventNameError)
}

extension Command {
    /// The application that this command serves alone.
    var companion: Settings.Companion? {
        switch self {
        case .serve: nil
        case .hello: .hello
        case .chat: .chat
        case .gotIt: .gotIt
        }
    }
}

extension Settings.Companion {
    /// The namespaces in which this application stands beside the reading. What only answers is at home in the main
    /// one; a chat has people of its own.
    var namespaces: [String] {
        switch self {
        case .hello, .gotIt: ["/"]
        case .chat: ["/chat"]
        case .echo: ["/", "/echo"]
        }
    }

    /// Which pages may speak to it, where the operator has not said which. The others keep nothing and say the same to
    /// everybody; in a chat a page of somebody else's could speak in a guest's name.
    var origins: OriginRule {
        switch self {
        case .chat: .same
        case .hello, .gotIt, .echo: .any
        }
    }

    func application(_ settings: Settings) -> any Application {
        switch self {
        case .hello: HelloApp()
        case .gotIt: GotItApp()
        case .chat: ChatApp(limits: settings.chat)
        case .echo: EchoApp()
        }
    }
}
