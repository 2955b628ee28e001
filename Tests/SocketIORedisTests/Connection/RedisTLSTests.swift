import Logging
import NIOPosix
import TestSupport
import Testing

@testable import SocketIORedis

#if TLS
    /// `rediss://` against a real server that speaks TLS.
    @Suite(.enabled(if: RedisServer.isInstalled), .timeLimit(.minutes(1)))
    struct RedisTLSTests {
        /// The first thing that a connection comes to: nil when it is up, or why it is not.
        private func outcome(_ address: RedisAddress) async throws -> RedisFault? {
            let (outcomes, said) = AsyncStream.makeStream(of: RedisFault?.self)
            var events = RedisConnection.Events()
            events.up = { _ in said.yield(nil) }
            events.down = { said.yield($0) }
            let connection = RedisConnection(
                address, role: .commands, on: MultiThreadedEventLoopGroup.singleton.next(), events: events)
            connection.start()
            var iterator = outcomes.makeAsyncIterator()
            let first = try #require(await iterator.next())
            if first == nil {
                #expect(try await connection.ask("SET", "key", "value") == .simple("OK"))
            }
            await connection.stop()
            return first
        }

        private func address(
            of server: RedisServer, at host: String = "127.0.0.1", trusting authority: Certificate?
        ) -> RedisAddress {
            var address = RedisAddress(host: host, port: server.port, password: "secret", isEncrypted: true)
            address.authorities = authority?.path
            return address
        }

        @Test(arguments: [("127.0.0.1", "IP:127.0.0.1"), ("localhost", "DNS:localhost")])
        func aCertificateOfANamedAuthorityIsTrusted(host: String, name: String) async throws {
            let certificate = try Certificate(for: name)
            let server = try RedisServer(["--requirepass", "secret"], certificate: certificate)
            #expect(try await outcome(address(of: server, at: host, trusting: certificate)) == nil)
        }

        /// Neither whom the machine trusts, nor another authority that was named.
        @Test(arguments: [false, true])
        func aCertificateOfAnybodyElseIsRefused(namesAnother: Bool) async throws {
            let server = try RedisServer(
                ["--requirepass", "secret"], certificate: try Certificate(for: "IP:127.0.0.1"))
            let other = namesAnother ? try Certificate(for: "IP:127.0.0.1") : nil
            let fault = try await outcome(address(of: server, trusting: other))
            let words =
                "its certificate is of no authority that is trusted here, or has expired; --redis-ca names one"
            #expect(fault == .unreachable(words))
        }

        @Test(arguments: [("127.0.0.1", "IP:127.0.0.2"), ("localhost", "DNS:cache.example")])
        func aCertificateForAnotherPlaceIsRefused(host: String, name: String) async throws {
            let certificate = try Certificate(for: name)
            let server = try RedisServer(["--requirepass", "secret"], certificate: certificate)
            let fault = try await outcome(address(of: server, at: host, trusting: certificate))
            #expect(fault == .unreachable("its certificate is not one for \(host)"))
        }

        @Test func aServerThatWantsACertificateOfOursSaysSo() async throws {
            let certificate = try Certificate(for: "IP:127.0.0.1")
            let server = try RedisServer(
                ["--tls-ca-cert-file", certificate.path], certificate: certificate, asksClients: true)
            let fault = try await outcome(address(of: server, trusting: certificate))
            #expect(
                fault == .unreachable("it wants a certificate of ours: set its tls-auth-clients to no"))
        }

        @Test(arguments: ["/nowhere", "/dev/null"])
        func authoritiesThatCannotBeReadAreSaidAtOnce(path: String) {
            var address = RedisAddress(isEncrypted: true)
            address.authorities = path
            #expect(throws: RedisAddressError("no certificate (PEM) can be read from \(path)")) {
                try RedisAdapter(address, logger: Logger(label: "test"))
            }
        }
    }
#endif
