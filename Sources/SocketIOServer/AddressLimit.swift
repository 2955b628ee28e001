internal import Synchronization

/// How many connections each address has, where that is limited.
///
/// Touched when a connection opens and when it ends, and only when there is a limit; hence a lock will do.
final class AddressLimit: Sendable {
    private let limit: Int
    private let proxies: Proxies
    private let counts = Mutex<[IPAddress: Int]>([:])

    /// - Parameters:
    ///   - limit: 0 for none.
    ///   - proxies: these carry everybody's connections and are not counted.
    init(_ limit: Int, exempting proxies: Proxies) {
        self.limit = limit
        self.proxies = proxies
    }

    var isOff: Bool { limit == 0 }

    /// Counts a connection. False: the address has as many as it may, and this one is not counted.
    func admits(_ address: IPAddress) -> Bool {
        if isOff || proxies.isTrusted(address) { return true }
        return counts.withLock { counts in
            guard counts[address.network, default: 0] < limit else { return false }
            counts[address.network, default: 0] += 1
            return true
        }
    }

    /// A connection that was counted has ended.
    func release(_ address: IPAddress) {
        if isOff || proxies.isTrusted(address) { return }
        counts.withLock { counts in
            let left = counts[address.network, default: 0] - 1
            counts[address.network] = left > 0 ? left : nil
        }
    }
}

extension IPAddress {
    /// What one client has of it: the address of version 4, or the /64 of version 6, all of which is usually one
    /// client's to choose from (RFC 6177).
    var network: IPAddress { isVersion4 ? self : first64Bits }
}
