public import SocketIO

extension Totals {
    /// The content type of ``metricsText``.
    public static let metricsType = "text/plain; version=0.0.4; charset=utf-8"

    /// All of it as Prometheus reads it.
    ///
    /// - Source: Prometheus, "Exposition formats", text format 0.0.4.
    public var metricsText: String {
        var text = MetricsText()
        text.gauge("dante_connections", "Open TCP connections.", connections)
        text.family("dante_open", "gauge", "Open sessions and plain readers, by dialect and transport.")
        for (reader, count) in metrics.open.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            text.sample("dante_open", [("dialect", reader.dialect), ("transport", reader.transport)], count)
        }
        text.gauge("dante_readers", "Readers of feeds, by any transport.", readers)
        text.counter("dante_stanzas_delivered_total", "Stanzas handed to their readers.", metrics.entries)
        text.histogram(
            "dante_lateness_seconds", "How late readers were found due, where they were ready.",
            metrics.lateness)
        text.family("dante_refusals_total", "counter", "What was refused, by reason.")
        for (reason, count) in metrics.refusals.sorted(by: { $0.key < $1.key }) {
            text.sample("dante_refusals_total", [("reason", reason)], count)
        }
        text.gauge("dante_slow_readers", "Connections that have not taken all yet.", metrics.slowReaders)
        text.gauge(
            "dante_bytes_owed", "Bytes not yet taken that wait here; the system's buffers come on top.",
            metrics.bytesOwed)
        text.counter(
            "dante_upgrades_tried_total", "WebSockets opened for a polling session.", metrics.upgradesTried)
        text.counter("dante_upgrades_won_total", "Those that became its transport.", metrics.upgradesWon)
        text.counter("dante_relayed_total", "Requests carried to the nodes of their sessions.", relayed)
        text.counter(
            "dante_relays_failed_total", "Those whose node was gone or could not be reached.", relaysFailed)
        text.gauge("dante_relay_tunnels", "WebSockets that go through here to another node.", relayTunnels)
        if let cluster { text.write(cluster) }
        text.gauge("dante_draining", "Whether the server is stopping.", isDraining ? 1 : 0)
        text.gauge("process_open_fds", "Connections, and what was open before the first of them.", openFiles)
        text.gauge("process_max_fds", "The limit of open files.", maxOpenFiles)
        return text.text
    }

    /// The same in short, as one JSON object.
    public var statusJSON: String {
        let open = metrics.open.sorted { "\($0.key)" < "\($1.key)" }.map { reader, count in
            #"{"dialect":"\#(reader.dialect)","transport":"\#(reader.transport)","count":\#(count)}"#
        }
        let refusals = metrics.refusals.sorted { $0.key < $1.key }.map { #""\#($0.key)":\#($0.value)"# }
        return
            #"{"connections":\#(connections),"sessions":\#(sessions),"readers":\#(readers),"relayed":\#(relayed),"#
            + #""relaysFailed":\#(relaysFailed),"relayTunnels":\#(relayTunnels),\#(cluster?.member ?? "")"#
            + #""draining":\#(isDraining),"open":[\#(open.joined(separator: ","))],"#
            + #""stanzas":\#(metrics.entries),"slowReaders":\#(metrics.slowReaders),"#
            + #""bytesOwed":\#(metrics.bytesOwed),"upgrades":{"tried":\#(metrics.upgradesTried),"#
            + #""won":\#(metrics.upgradesWon)},"refusals":{\#(refusals.joined(separator: ","))},"#
            + #""openFiles":\#(openFiles),"maxOpenFiles":\#(maxOpenFiles)}"#
    }
}

/// Lines of the text format. Names and label values are ours: words without quotes, backslashes and line ends.
private struct MetricsText {
    private(set) var text = ""

    mutating func family(_ name: String, _ type: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    mutating func sample(_ name: String, _ labels: [(name: String, value: String)] = [], _ value: some Any) {
        let pairs = labels.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",")
        text += "\(name)\(pairs.isEmpty ? "" : "{\(pairs)}") \(value)\n"
    }

    mutating func gauge(_ name: String, _ help: String, _ value: Int) {
        family(name, "gauge", help)
        sample(name, [], value)
    }

    mutating func counter(_ name: String, _ help: String, _ value: Int) {
        family(name, "counter", help)
        sample(name, [], value)
    }

    mutating func write(_ cluster: ClusterStatus) {
        gauge("dante_cluster_up", "Whether the other nodes are spoken to and heard.", cluster.isUp ? 1 : 0)
        counter("dante_cluster_losses_total", "Connections to Redis that were lost.", cluster.losses)
        counter("dante_cluster_reconnects_total", "Connections to Redis that came back.", cluster.reconnects)
        counter("dante_cluster_published_total", "Messages for other nodes.", cluster.published)
        counter("dante_cluster_received_total", "Messages that Redis has brought.", cluster.received)
        gauge("dante_cluster_waiting", "Commands that wait for Redis.", cluster.waiting)
        counter(
            "dante_cluster_dropped_total", "Messages lost because too much waited.", cluster.dropped)
        counter(
            "dante_cluster_unconfirmed_total", "Messages under way when a connection to Redis broke.",
            cluster.unconfirmed)
    }

    mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
        family(name, "histogram", help)
        var sum = 0
        for (index, bound) in Histogram.bounds.enumerated() {
            sum += histogram.counts[index]
            sample(name + "_bucket", [("le", "\(Double(bound) / 1000)")], sum)
        }
        sample(name + "_bucket", [("le", "+Inf")], histogram.count)
        sample(name + "_sum", [], Double(histogram.nanoseconds) / 1e9)
        sample(name + "_count", [], histogram.count)
    }
}

extension ClusterStatus {
    /// As a member of the status, with the comma behind it.
    fileprivate var member: String {
        #""cluster":{"up":\#(isUp),"losses":\#(losses),"reconnects":\#(reconnects),"published":\#(published),"#
            + #""received":\#(received),"waiting":\#(waiting),"dropped":\#(dropped),"#
            + #""unconfirmed":\#(unconfirmed)},"#
    }
}
