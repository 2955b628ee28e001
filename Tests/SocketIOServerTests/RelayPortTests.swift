import SocketIO
import SocketIOServer
import Synchronization
import Testing

/// The port that is for other nodes alone.
@Suite(.timeLimit(.minutes(1))) struct RelayPortTests {
    private func run(
        maxPerAddress: Int = 0,
        _ body: (_ owner: Edge, _ other: Edge, _ relayPort: Int) async throws -> Void
    ) async throws {
        let peers = TestDirectory.Peers()
        func setup(_ number: UInt16) -> Edge.Setup {
            .with { server, settings in
                server.nodes = TestDirectory(number, of: peers)
                settings.relayAddress = NodeAddress(host: "127.0.0.1", port: 0)
                settings.maxConnectionsPerAddress = maxPerAddress
            }
        }
        try await Edge.run(setup(1)) { owner in
            let port = try #require(peers.addresses.withLock { $0[1]?.port })
            #expect(port != owner.listener.port)
            try await Edge.run(setup(2)) { other in try await body(owner, other, port) }
        }
    }

    @Test func nodesComeThereAndCountAsNobodysConnections() async throws {
        try await run(maxPerAddress: 2) { owner, other, _ in
            let (_, address) = try await owner.session()
            let clients = try [other.client(), other.client()]
            for _ in 0..<3 {
                for client in clients {
                    try await client.post(address, "3")
                    #expect(try await client.answer().body == "ok")
                }
            }
        }
    }

    @Test func whoeverShowsNoMarkOfTheClusterIsRefused() async throws {
        try await run { owner, _, port in
            let (_, address) = try await owner.session()
            for mark in [[], ["Dante-Relay: guessed 10.0.0.1"]] {
                let client = try RawClient(port: port)
                try await client.send(RawClient.request("GET", address, mark))
                #expect(try await client.answer().status == 403)
                #expect(try await client.rest() == "")
            }
            let node = try RawClient(port: port)
            let fields = ["Dante-Relay: sesame 10.0.0.1", "Content-Length: 1"]
            try await node.send(RawClient.request("POST", address, fields) + "3")
            #expect(try await node.answer().body == "ok")
        }
    }

    @Test func aPortThatIsTakenNamesItsSetting() async throws {
        try await run { owner, _, port in
            let setup = Edge.Setup.with { server, settings in
                server.nodes = TestDirectory(3, of: TestDirectory.Peers())
                settings.relayAddress = NodeAddress(host: "127.0.0.1", port: port)
            }
            let error = await #expect(throws: BindError.self) { try await Edge.run(setup) { _ in } }
            #expect(error?.isInUse == true && error?.description.contains("--relay-address") == true)
        }
    }

    /// Its port would lead others to any of the processes that share it.
    @Test func aSharedPortNeedsOne() async throws {
        let setup = Edge.Setup.with { server, settings in
            server.nodes = TestDirectory(1, of: TestDirectory.Peers())
            settings.sharesPort = true
        }
        await #expect(throws: MissingRelayAddress.self) { try await Edge.run(setup) { _ in } }
    }
}
