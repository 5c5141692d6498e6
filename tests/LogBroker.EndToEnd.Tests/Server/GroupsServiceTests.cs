using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.EndToEnd.Tests;

/// <summary>logbroker.v1.Groups of a running broker.</summary>
public sealed class GroupsServiceTests(ServerFixture fixture) : IClassFixture<ServerFixture>, IAsyncDisposable
{
    private readonly TestClient _client = new(fixture.Server);

    [Fact]
    public async Task A_member_joins_commits_and_leaves()
    {
        await _client.CreateTopicAsync("joined", 2);
        await _client.ProduceAsync("joined", 0, "a", "b", "c");
        var place = await _client.CallAsync(BrokerMethods.FindCoordinator, new FindCoordinatorRequest { Group = "g1" });
        Assert.Equal(1, place.NodeId);
        Assert.Equal(fixture.Server.GrpcAddress, place.GrpcAddress);
        using var stream = _client.Channel.Duplex(BrokerMethods.JoinGroup);
        await stream.RequestStream.WriteAsync(Open("g1", "m1", "joined"));
        var assignment = (await NextAsync(stream)).Assignment;
        var topic = Assert.Single(assignment.Partitions);
        Assert.Equal("joined", topic.Topic);
        Assert.Equal([0, 1], topic.Partitions);
        Assert.True(assignment.HeartbeatIntervalMs > 0);

        await stream.RequestStream.WriteAsync(new JoinRequest
        {
            Heartbeat = new JoinHeartbeat
            {
                MemberEpoch = assignment.MemberEpoch,
                Seen = assignment.Number,
                HasHeld = true,
                Held = { assignment.Partitions },
            },
        });
        Assert.Equal(assignment.MemberEpoch, (await NextAsync(stream)).Heartbeat.MemberEpoch);

        var commit = new CommitOffsetsRequest { Group = "g1", MemberId = "m1", MemberEpoch = assignment.MemberEpoch };
        commit.Offsets.Add(new CommittedOffset { Topic = "joined", Partition = 0, Offset = 2, LeaderEpoch = -1, Metadata = "two" });
        commit.Offsets.Add(new CommittedOffset { Topic = "joined", Partition = 0, Offset = 4, LeaderEpoch = -1 });
        var stored = await _client.CallAsync(BrokerMethods.CommitOffsets, commit);
        Assert.Null(stored.Offsets[0].Error);
        Assert.Equal("INVALID_ARGUMENT", TestClient.Explain(stored.Offsets[1].Error).Reason);
        commit.MemberEpoch++;
        Assert.Equal("STALE_MEMBER_EPOCH", (await _client.RefusedAsync(BrokerMethods.CommitOffsets, commit)).Reason);

        var alter = new AlterOffsetsRequest { Group = "g1" };
        alter.Targets.Add(new AlterOffsetsRequest.Types.OffsetTarget { Topic = "joined", Partition = 0, Offset = 0 });
        var refused = await _client.RefusedAsync(BrokerMethods.AlterOffsets, alter);
        Assert.Equal("GROUP_NOT_EMPTY", refused.Reason);
        Assert.Contains("m1", refused.Message, StringComparison.Ordinal);

        var described = await _client.CallAsync(BrokerMethods.DescribeGroup, new DescribeGroupRequest { Group = "g1" });
        Assert.Equal(GroupState.Stable, described.State);
        Assert.Equal("m1", Assert.Single(described.Members).MemberId);
        var first = described.Partitions[0];
        Assert.Equal((2L, 3L, "two"), (first.Committed, first.HighWatermark, first.Metadata));

        await _client.CallAsync(
            BrokerMethods.LeaveGroup, new LeaveGroupRequest { Group = "g1", MemberId = "m1", MemberEpoch = assignment.MemberEpoch });
        Assert.False(await stream.ResponseStream.MoveNext(Timeout()));
        var changed = await _client.CallAsync(BrokerMethods.AlterOffsets, alter);
        Assert.Equal((2L, 0L), (changed.Changes[0].Before, changed.Changes[0].After));
        await _client.CallAsync(BrokerMethods.DeleteGroup, new DeleteGroupRequest { Group = "g1" });
        var gone = new DescribeGroupRequest { Group = "g1" };
        Assert.Equal("UNKNOWN_GROUP", (await _client.RefusedAsync(BrokerMethods.DescribeGroup, gone)).Reason);
    }

    [Fact]
    public async Task Bad_requests_are_refused_by_name()
    {
        await _client.CreateTopicAsync("refusing", 1);
        var bad = new FindCoordinatorRequest { Group = "a\u0001b" };
        Assert.Equal("INVALID_GROUP_ID", (await _client.RefusedAsync(BrokerMethods.FindCoordinator, bad)).Reason);
        await _client.CallAsync(BrokerMethods.FindCoordinator, new FindCoordinatorRequest { Group = "g2" });
        var leave = new LeaveGroupRequest { Group = "g2", MemberId = "nobody", MemberEpoch = 1 };
        Assert.Equal("UNKNOWN_MEMBER", (await _client.RefusedAsync(BrokerMethods.LeaveGroup, leave)).Reason);
        Assert.Equal("INVALID_SUBSCRIPTION", await JoinRefusedAsync(Open("g2", "m", [])));
        Assert.Equal("INVALID_ARGUMENT", await JoinRefusedAsync(Open("g2", "not good", "refusing")));
        Assert.Equal("INVALID_ARGUMENT", await JoinRefusedAsync(new JoinRequest { Heartbeat = new JoinHeartbeat() }));
        var session = Open("g2", "m", "refusing");
        session.Open.SessionTimeoutMs = 5_999;
        Assert.Equal("INVALID_SESSION_TIMEOUT", await JoinRefusedAsync(session));
    }

    [Fact]
    public async Task A_stopping_node_says_go_away_to_members()
    {
        await using var server = await ServerProcess.StartAsync();
        await using var client = new TestClient(server);
        await client.CreateTopicAsync("left", 1);
        await client.CallAsync(BrokerMethods.FindCoordinator, new FindCoordinatorRequest { Group = "g3" });
        using var stream = client.Channel.Duplex(BrokerMethods.JoinGroup);
        await stream.RequestStream.WriteAsync(Open("g3", "m", "left"));
        Assert.NotNull((await NextAsync(stream)).Assignment);
        var stopping = server.StopAsync();
        Assert.NotNull((await NextAsync(stream)).GoAway);
        Assert.False(await stream.ResponseStream.MoveNext(Timeout()));
        await stopping;
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private static JoinRequest Open(string group, string member, params string[] topics)
    {
        var open = new JoinOpen { Group = group, MemberId = member, ClientId = "test" };
        open.Topics.Add(topics);
        return new JoinRequest { Open = open };
    }

    private async Task<string> JoinRefusedAsync(JoinRequest first)
    {
        using var stream = _client.Channel.Duplex(BrokerMethods.JoinGroup);
        await stream.RequestStream.WriteAsync(first);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await stream.ResponseStream.MoveNext(Timeout()));
        Assert.True(refused.TryGetDetail<Google.Rpc.ErrorInfo>(out var info), refused.ToString());
        return info.Reason;
    }

    private static async Task<JoinResponse> NextAsync(AsyncDuplexStreamingCall<JoinRequest, JoinResponse> stream)
    {
        Assert.True(await stream.ResponseStream.MoveNext(Timeout()));
        return stream.ResponseStream.Current;
    }

    private static CancellationToken Timeout() => new CancellationTokenSource(TestClient.CallTime).Token;
}
