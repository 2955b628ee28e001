internal import NIOCore
internal import NIOPosix
internal import SocketIO

/// A port for the other nodes of the cluster alone: plain HTTP, whatever clients are spoken to in. What shows no mark
/// of the cluster is refused there.
final class RelayPort: Sendable {
    private let channel: any Channel
    /// Where it listens, as others on this machine reach it.
    let address: NodeAddress

    private init(_ channel: any Channel, _ address: NodeAddress) {
        self.channel = channel
        self.address = .reaching(address.host, port: channel.localAddress?.port ?? address.port)
    }

    /// Nil when none is asked for.
    ///
    /// - Throws: ``BindError``.
    static func open(
        _ group: any EventLoopGroup, _ workers: Workers, _ shared: Shared
    ) async throws -> RelayPort? {
        guard let address = shared.settings.relayAddress else { return nil }
        do {
            let channel = try await Listener.bootstrap(group, workers, shared, isForNodes: true)
                .bind(host: address.host, port: address.port).get()
            return RelayPort(channel, address)
        } catch {
            throw BindError(
                host: address.host, port: address.port, settings: ["--relay-address"], error: error)
        }
    }

    func close() async { try? await channel.close() }
}

/// Other nodes could not reach this one where it listens, so that a cluster makes no sense.
public struct MissingRelayAddress: Error, CustomStringConvertible {
    /// A sentence that says why, and names the setting.
    public let description: String

    init(_ why: String) {
        description =
            "nodes of a cluster reach each other in plain HTTP, each at an address of its own, and \(why): "
            + "set --relay-address beside --redis"
    }
}

extension NodeAddress {
    /// Where one reaches who listens at `host`: at loopback, when that is everywhere.
    static func reaching(_ host: String, port: Int) -> NodeAddress {
        NodeAddress(host: host == "0.0.0.0" || host == "::" ? "127.0.0.1" : host, port: port)
    }
}
