using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Bad input to fetches, reads and offset queries over gRPC; the numbers are the rows of the table of bad input.</summary>
public sealed class BadFetchTests(ServerFixture fixture) : IClassFixture<ServerFixture>, IAsyncDisposable
{
    private readonly TestClient _client = new(fixture.Server);

    [Fact]
    public async Task Row33_offsets_outside_the_log()
    {
        string topic = await TopicWithAsync(3);
        foreach (long offset in (long[])[-5, 4, long.MaxValue])
        {
            var fetched = await _client.FetchAsync(topic, 0, offset);
            var (reason, message) = TestClient.Explain(fetched.Error);
            Assert.Equal("OFFSET_OUT_OF_RANGE", reason);
            Assert.Contains("3", message, StringComparison.Ordinal);
            var info = fetched.Error.Details[0].Unpack<Google.Rpc.ErrorInfo>();
            Assert.Contains("0", info.Metadata.Values);
            Assert.Contains("3", info.Metadata.Values);
        }

        // The end itself is no error: there is just nothing yet.
        Assert.Null((await _client.FetchAsync(topic, 0, 3)).Error);
    }

    [Fact]
    public async Task Row34_offsets_that_were_deleted()
    {
        string topic = await TopicWithAsync(5);
        var request = new DeleteRecordsRequest { Topic = topic };
        request.Partitions.Add(new DeleteRecordsPartition { Partition = 0, BeforeOffset = 3 });
        var deleted = await _client.CallAsync(BrokerMethods.DeleteRecords, request);
        Assert.Equal(3, Assert.Single(deleted.Partitions).LogStartOffset);
        var (reason, message) = TestClient.Explain((await _client.FetchAsync(topic, 0, 1)).Error);
        Assert.Equal("OFFSET_OUT_OF_RANGE", reason);
        Assert.Contains("3", message, StringComparison.Ordinal);
        var rest = TestClient.Records((await _client.FetchAsync(topic, 0, 3)).Batches);
        Assert.Equal([3L, 4L], rest.Select(record => record.Offset).Where(offset => offset >= 3));
    }

    [Fact]
    public async Task Row35_limits_of_bytes_and_waits()
    {
        string topic = await TopicWithAsync(3);
        foreach (int bytes in (int[])[0, 1, int.MaxValue])
            Assert.NotEmpty(TestClient.Records((await _client.FetchAsync(topic, 0, 0, bytesMax: bytes)).Batches));
        var negative = Request(topic, r => r.MaxBytes = -1);
        Assert.Contains("max_bytes -1", (await _client.RefusedAsync(BrokerMethods.Fetch, negative)).Message, StringComparison.Ordinal);
        var day = Request(topic, r => r.MaxWaitMs = 86_400_000);
        Assert.Contains("60000", (await _client.RefusedAsync(BrokerMethods.Fetch, day)).Message, StringComparison.Ordinal);
        var minimum = Request(topic, r => r.MinBytes = -1);
        Assert.Equal("INVALID_ARGUMENT", (await _client.RefusedAsync(BrokerMethods.Fetch, minimum)).Reason);
        var empty = await _client.RefusedAsync(BrokerMethods.Fetch, new FetchRequest());
        Assert.Contains("partitions", empty.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Row36_100_000_partitions_at_once()
    {
        var request = new FetchRequest();
        for (int i = 0; i < 100_000; i++)
            request.Partitions.Add(new FetchPartition { Topic = "t", Partition = i });
        var (code, reason, message) = await _client.RefusedAsync(BrokerMethods.Fetch, request);
        Assert.Equal((StatusCode.ResourceExhausted, "LIMIT_EXCEEDED"), (code, reason));
        Assert.Contains("at most 1000", message, StringComparison.Ordinal);
        var offsets = new ListOffsetsRequest();
        for (int i = 0; i < 1_001; i++)
            offsets.Partitions.Add(new ListOffsetsPartition { Topic = "t", Partition = i });
        Assert.Equal("LIMIT_EXCEEDED", (await _client.RefusedAsync(BrokerMethods.ListOffsets, offsets)).Reason);
    }

    [Fact]
    public async Task Row41_delete_records_behind_the_high_watermark()
    {
        string topic = await TopicWithAsync(3);
        var request = new DeleteRecordsRequest { Topic = topic };
        request.Partitions.Add(new DeleteRecordsPartition { Partition = 0, BeforeOffset = 9 });
        Assert.Equal("OFFSET_OUT_OF_RANGE", (await _client.RefusedAsync(BrokerMethods.DeleteRecords, request)).Reason);
        Assert.Equal(3, (await _client.FetchAsync(topic, 0, 0)).HighWatermark);
    }

    [Fact]
    public async Task A_fetch_waits_for_the_next_record()
    {
        string topic = await TopicWithAsync(1);
        var waiting = _client.FetchAsync(topic, 0, 1, waitMs: 20_000);
        await _client.ProduceAsync(topic, 0, "late");
        Assert.Equal([(1L, "late")], TestClient.Records((await waiting).Batches));
    }

    [Fact]
    public async Task Fetches_answer_many_partitions_in_the_order_of_the_request()
    {
        string topic = (await _client.CreateTopicAsync("t-" + Guid.NewGuid().ToString("N"), 3)).Name;
        for (int partition = 0; partition < 3; partition++)
            await _client.ProduceAsync(topic, partition, "p" + partition);
        var request = new FetchRequest();
        foreach (int partition in (int[])[2, 7, 0])
            request.Partitions.Add(new FetchPartition { Topic = topic, Partition = partition });
        var answer = await _client.CallAsync(BrokerMethods.Fetch, request);
        Assert.Equal([2, 7, 0], answer.Partitions.Select(p => p.Partition));
        Assert.Equal("p2", TestClient.Records(answer.Partitions[0].Batches).Single().Value);
        Assert.Equal("UNKNOWN_TOPIC_OR_PARTITION", TestClient.Explain(answer.Partitions[1].Error).Reason);
        Assert.Equal("p0", TestClient.Records(answer.Partitions[2].Batches).Single().Value);
    }

    [Fact]
    public async Task Large_answers_come_whole()
    {
        string topic = (await _client.CreateTopicAsync("t-" + Guid.NewGuid().ToString("N"))).Name;
        string body = new('x', 300_000);
        for (int i = 0; i < 5; i++)
            await _client.ProduceAsync(topic, 0, body + i);
        var request = Request(topic, r => r.MaxBytes = 16 << 20);
        request.Partitions[0].MaxBytes = 16 << 20;
        var answer = await _client.CallAsync(BrokerMethods.Fetch, request);
        Assert.Equal(Enumerable.Range(0, 5).Select(i => body + i), TestClient.Records(answer.Partitions[0].Batches).Select(r => r.Value));
    }

    [Fact]
    public async Task Read_sends_frames_and_control_events()
    {
        string topic = await TopicWithAsync(4);
        var bounded = new ReadRequest
        {
            Topic = topic,
            From = new Position { BeforeEnd = 3 },
            Until = new Position { End = new Position.Types.Anchor() },
        };
        var events = await ReadAsync(bounded, _ => false);
        Assert.Equal((1L, 4L), (events[0].Opened.FromOffset, events[0].Opened.UntilOffset));
        Assert.Equal(4, events[^1].End.NextOffset);
        var offsets = events.Where(e => e.Frame is not null).SelectMany(e => TestClient.Records(e.Frame.Batches)).Select(r => r.Offset);
        Assert.Equal([1L, 2L, 3L], offsets.Where(offset => offset >= 1));

        var following = new ReadRequest { Topic = topic, From = new Position { Start = new Position.Types.Anchor() } };
        var until = await ReadAsync(following, e => e.CaughtUp is not null);
        Assert.Equal(-1, until[0].Opened.UntilOffset);
        Assert.Equal(4, until[^1].CaughtUp.HighWatermark);
    }

    [Fact]
    public async Task Read_refuses_positions_that_are_none()
    {
        string topic = await TopicWithAsync(1);
        (Position?, string)[] positions =
        [
            (null, "INVALID_ARGUMENT"),
            (new Position { BeforeEnd = -1 }, "INVALID_ARGUMENT"),
            (new Position { Offset = 9 }, "OFFSET_OUT_OF_RANGE"),
        ];
        foreach (var (position, reason) in positions)
        {
            var request = new ReadRequest { Topic = topic, From = position };
            var refused = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(request, _ => false));
            Assert.True(refused.TryGetDetail<Google.Rpc.ErrorInfo>(out var info));
            Assert.Equal(reason, info.Reason);
        }
    }

    [Fact]
    public async Task Offsets_by_position()
    {
        string topic = await TopicWithAsync(4);
        var request = new ListOffsetsRequest();
        foreach (var position in (Position[])
            [
                new() { Start = new Position.Types.Anchor() }, new() { End = new Position.Types.Anchor() }, new() { AfterStart = 1 },
                new() { BeforeEnd = 1 }, new() { BeforeEnd = 100 }, new() { TimestampMs = 0 }, new() { TimestampMs = long.MaxValue / 2 },
            ])
            request.Partitions.Add(new ListOffsetsPartition { Topic = topic, Position = position });
        var answer = await _client.CallAsync(BrokerMethods.ListOffsets, request);
        Assert.Equal([0L, 4L, 1L, 3L, 0L, 0L, 4L], answer.Partitions.Select(p => p.Offset));
        Assert.All(answer.Partitions, p => Assert.Null(p.Error));
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private static FetchRequest Request(string topic, Action<FetchRequest> change)
    {
        var request = new FetchRequest();
        request.Partitions.Add(new FetchPartition { Topic = topic });
        change(request);
        return request;
    }

    private async Task<string> TopicWithAsync(int records)
    {
        string topic = (await _client.CreateTopicAsync("t-" + Guid.NewGuid().ToString("N"))).Name;
        for (int i = 0; i < records; i++)
            await _client.ProduceAsync(topic, 0, "r" + i);
        return topic;
    }

    private async Task<List<ReadEvent>> ReadAsync(ReadRequest request, Func<ReadEvent, bool> isLast)
    {
        using var call = _client.Channel.ServerStreaming(BrokerMethods.Read, request, new CallOptions(timeout: TestClient.CallTime));
        var events = new List<ReadEvent>();
        while (await call.ResponseStream.MoveNext())
        {
            events.Add(call.ResponseStream.Current);
            if (isLast(events[^1]))
                break;
        }

        return events;
    }
}
