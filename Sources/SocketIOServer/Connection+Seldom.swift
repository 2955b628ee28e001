internal import Logging
internal import NIOCore
internal import SocketIO

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// What few connections have or do.
extension Connection {
    /// What few connections have, in an object of its own, so that the others pay one word for it.
    final class Rare {
        var mount: MountHandler?
        var moved: MovedRequest?
        var tunnel: Relay?
        var relayedClient: String?
        var isForNodes = false
        var readiness: [() -> Void] = []
        var owedBefore = Int.max
        /// Bytes that came behind our last answer.
        var discarded = 0
        /// Of an address with a limit of its own.
        var maxMessageBytes: Int?
    }

    func makeRare() -> Rare {
        let rare = rare ?? Rare()
        self.rare = rare
        return rare
    }

    /// In the pipeline of a host; cleared with the connection.
    var mount: MountHandler? { rare?.mount }

    /// What to begin with, on a connection that comes from another loop.
    var moved: MovedRequest? {
        get { rare?.moved }
        set { if newValue != nil || rare != nil { makeRare().moved = newValue } }
    }

    /// Takes what comes through a tunnel.
    var tunnel: Relay? {
        get { rare?.tunnel }
        set { if newValue != nil || rare != nil { makeRare().tunnel = newValue } }
    }

    /// The client as the node says that has relayed its request here.
    var relayedClient: String? {
        get { rare?.relayedClient }
        set { if newValue != nil || rare != nil { makeRare().relayedClient = newValue } }
    }

    /// It came to the port where only other nodes are served.
    var isForNodes: Bool { rare?.isForNodes ?? false }

    /// Asked by a session on another loop; empty for a session on this one.
    var readiness: [() -> Void] {
        get { rare?.readiness ?? [] }
        set { if !newValue.isEmpty || rare != nil { makeRare().readiness = newValue } }
    }

    /// What was owed at the last deadline that found something owed.
    var owedBefore: Int {
        get { rare?.owedBefore ?? .max }
        set { makeRare().owedBefore = newValue }
    }

    /// The connection broke, or speaks something else: HTTP where TLS is spoken, for one.
    func failed(_ error: any Error) {
        if (error as? IOError)?.errnoCode == ETIMEDOUT {
            worker.refused(RefusalNote("stalled", setting: "--stall-timeout"), peer: peer)
        }
        worker.logger.debug(
            "connection failed",
            metadata: ["reason": "\(error)", "peer": "\(channel?.remoteAddress?.description ?? "gone")"])
        abort()
    }

    // MARK: Answers of another node

    /// Bytes of an answer, framed already.
    func pass(_ bytes: [UInt8]) { if !bytes.isEmpty { write(bytes) } }

    /// The head of an answer, for a host whose codec frames it.
    func passHead(_ bytes: [UInt8]) { mount?.begin(ResponseWriter.head(relayed: bytes, to: facts)) }

    /// The answer that was passed is whole.
    func passed(staysOpen: Bool) {
        guard phase == .http || phase == .tunnel else { return }
        if phase == .http, let mount { transfer { mount.end() } }
        if phase == .http, staysOpen, facts.keepsAlive, !worker.isClosing {
            answered()
        } else {
            finish()
        }
    }

    /// From here on what comes is another node's to read.
    func openTunnel(for relay: Relay) {
        guard phase == .http else { return }
        phase = .tunnel
        tunnel = relay
        expect(nil)
        requests?.stepAside()
        readsNoRequests()
    }

    func setReading(_ isOn: Bool) {
        if let mount { return mount.setReading(isOn) }
        try? channel?.syncOptions?.setOption(.autoRead, value: isOn)
    }
}
