using System.Buffers.Binary;
using System.IO.Compression;
using Google.Protobuf;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Bad input on the produce stream over gRPC; the numbers are the rows of the table of bad input.</summary>
public sealed class BadProduceTests(ServerFixture fixture) : IClassFixture<ServerFixture>, IAsyncDisposable
{
    private readonly TestClient _client = new(fixture.Server);

    [Fact]
    public async Task Row15_a_batch_without_records()
    {
        string topic = await TopicAsync();
        Assert.Equal("EMPTY_BATCH", (await RefusedAsync(topic, ByteString.Empty)).Reason);
        byte[] header = TestClient.Batch("x").ToByteArray()[..BatchHeader.Bytes];
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(BatchHeader.RecordsCountAt), 0);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(8), BatchHeader.Bytes - 12);
        Assert.Contains((await RefusedAsync(topic, Sealed(header))).Reason, (string[])["EMPTY_BATCH", "CORRUPT_BATCH"]);
        await NothingWasWrittenAsync(topic);
    }

    [Fact]
    public async Task Row16_a_batch_over_the_limit_of_its_topic()
    {
        string topic = await TopicAsync(("max.message.bytes", "1000"));
        var (reason, message) = await RefusedAsync(topic, TestClient.Batch(new string('x', 2000)));
        Assert.Equal("RECORD_TOO_LARGE", reason);
        Assert.Contains("1000", message, StringComparison.Ordinal);
        await NothingWasWrittenAsync(topic);
    }

    [Fact]
    public async Task Row17_counts_and_lengths_that_lie()
    {
        string topic = await TopicAsync();
        byte[] good = TestClient.Batch("a", "b", "c").ToByteArray();
        byte[] moreRecords = [.. good];
        BinaryPrimitives.WriteInt32BigEndian(moreRecords.AsSpan(BatchHeader.RecordsCountAt), 4);
        BinaryPrimitives.WriteInt32BigEndian(moreRecords.AsSpan(BatchHeader.LastOffsetDeltaAt), 3);
        byte[] longRecord = [.. good];
        longRecord.AsSpan(BatchHeader.Bytes, 5).Fill(0xFF);
        byte[] negative = [.. good];
        negative[BatchHeader.Bytes] = 1;
        byte[] cut = good[..^1];
        foreach (var batch in (ByteString[])[Sealed(moreRecords), Sealed(longRecord), Sealed(negative), ByteString.CopyFrom(cut)])
        {
            var (reason, message) = await RefusedAsync(topic, batch);
            Assert.Equal("CORRUPT_BATCH", reason);
            Assert.Matches("[0-9]", message);
        }

        await NothingWasWrittenAsync(topic);
    }

    [Fact]
    public async Task Row18_a_wrong_checksum()
    {
        string topic = await TopicAsync();
        byte[] batch = TestClient.Batch("a").ToByteArray();
        batch[^1] ^= 1;
        var (reason, message) = await RefusedAsync(topic, ByteString.CopyFrom(batch));
        Assert.Equal("CORRUPT_BATCH", reason);
        Assert.Contains("expected", message, StringComparison.Ordinal);
        Assert.False(ErrorCatalogue.Get(ErrorCode.CorruptBatch).IsRetriable);
        await NothingWasWrittenAsync(topic);
    }

    [Fact]
    public async Task Row19_unknown_codecs_and_versions()
    {
        string topic = await TopicAsync();
        foreach (int codec in (int[])[2, 3, 4, 7])
        {
            byte[] batch = TestClient.Batch("a").ToByteArray();
            BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(BatchHeader.AttributesAt), (short)codec);
            var (reason, message) = await RefusedAsync(topic, Sealed(batch));
            Assert.Equal("UNSUPPORTED_COMPRESSION", reason);
            Assert.Contains("gzip", message, StringComparison.Ordinal);
        }

        byte[] old = TestClient.Batch("a").ToByteArray();
        old[BatchHeader.MagicAt] = 1;
        Assert.Equal("UNSUPPORTED_VERSION", (await RefusedAsync(topic, Sealed(old))).Reason);
        await NothingWasWrittenAsync(topic);
    }

    [Fact]
    public async Task Row20_the_broker_does_not_inflate_a_compressed_batch()
    {
        string topic = await TopicAsync();
        byte[] plain = TestClient.Batch(new string('x', 8 << 20)).ToByteArray();
        using var compressed = new MemoryStream();
        compressed.Write(plain, 0, BatchHeader.Bytes);
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(plain, BatchHeader.Bytes, plain.Length - BatchHeader.Bytes);
        byte[] batch = compressed.ToArray();
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(BatchHeader.AttributesAt), (short)CompressionCodec.Gzip);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(8), batch.Length - 12);
        var bomb = Sealed(batch);
        Assert.InRange(bomb.Length, 61, 200_000);
        var ack = await _client.ProduceAsync(new ProduceBatch { Topic = topic, Records = bomb });
        Assert.Equal(ProduceAck.ResultOneofCase.Receipt, ack.ResultCase);
        // It comes back as it went in; a reader refuses to inflate it that far.
        var fetched = await _client.FetchAsync(topic, 0, 0);
        Assert.Equal(bomb.Length, fetched.Batches.Length);
        Assert.Equal(ErrorCode.RecordTooLarge, RecordReader.TryOpen(fetched.Batches.Memory, Limits.BatchBytesMax, out _)?.Code);
    }

    [Fact]
    public async Task Row24_messages_without_a_known_member_and_streams_that_do_not_open()
    {
        ProduceRequest open = new() { Open = new ProduceOpen { ClientId = "t" } };
        ProduceRequest batch = new() { Batch = new ProduceBatch { Topic = "x" } };
        Assert.Contains("open", await StreamRefusedAsync(batch), StringComparison.Ordinal);
        Assert.Contains("open", await StreamRefusedAsync(new ProduceRequest()), StringComparison.Ordinal);
        Assert.Contains("second time", await StreamRefusedAsync(open, open), StringComparison.Ordinal);
        Assert.Contains("batch", await StreamRefusedAsync(open, new ProduceRequest()), StringComparison.Ordinal);
        ProduceRequest longId = new() { Open = new ProduceOpen { ClientId = new string('x', 256) } };
        Assert.Contains("client_id", await StreamRefusedAsync(longId), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Row24_unknown_fields_are_ignored()
    {
        string topic = await TopicAsync();
        var withUnknown = CreateTopicRequest.Parser.ParseFrom(
            [.. new CreateTopicRequest { Name = topic + "-2", Partitions = 1 }.ToByteArray(), 0x98, 0x06, 0x01]);
        Assert.Equal(topic + "-2", (await _client.CallAsync(BrokerMethods.CreateTopic, withUnknown)).Name);
    }

    [Fact]
    public async Task Row26_timestamps_outside_the_window()
    {
        string topic = await TopicAsync();
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        foreach (long timestamp in (long[])[253402300799999, now + 2 * 3_600_000L])
        {
            using var builder = new BatchBuilder(10_000);
            Assert.True(builder.TryAppend(timestamp, OptionalBytes.Null, "x"u8));
            Assert.Equal("INVALID_TIMESTAMP", (await RefusedAsync(topic, ByteString.CopyFrom(builder.Finish().Span))).Reason);
        }

        await NothingWasWrittenAsync(topic);
    }

    [Fact]
    public async Task Row27_a_gap_in_the_sequences()
    {
        string topic = await TopicAsync();
        var producer = await NewProducerAsync();
        Assert.Equal(0, (await SendAsync(topic, producer, 0, 0, "a", "b")).Receipt.BaseOffset);
        var (reason, message) = await RefusedAsync(topic, TestClient.Batch(producer, 0, 7, "z"));
        Assert.Equal("OUT_OF_ORDER_SEQUENCE", reason);
        Assert.Contains("2", message, StringComparison.Ordinal);
        Assert.Contains("7", message, StringComparison.Ordinal);
        Assert.False(ErrorCatalogue.Get(ErrorCode.OutOfOrderSequence).IsRetriable);
    }

    [Fact]
    public async Task Row28_a_duplicate_is_answered_with_its_first_offset()
    {
        string topic = await TopicAsync();
        var producer = await NewProducerAsync();
        var batch = TestClient.Batch(producer, 0, 0, "a", "b");
        var first = await _client.ProduceAsync(new ProduceBatch { Topic = topic, Records = batch });
        var second = await _client.ProduceAsync(new ProduceBatch { Topic = topic, Records = batch });
        Assert.False(first.Receipt.Duplicate);
        Assert.True(second.Receipt.Duplicate);
        Assert.Equal(first.Receipt.BaseOffset, second.Receipt.BaseOffset);
        Assert.Equal(2, (await _client.FetchAsync(topic, 0, 0)).HighWatermark);
    }

    [Fact]
    public async Task Row29_a_duplicate_older_than_the_window()
    {
        string topic = await TopicAsync();
        var producer = await NewProducerAsync();
        var first = TestClient.Batch(producer, 0, 0, "0");
        await _client.ProduceAsync(new ProduceBatch { Topic = topic, Records = first });
        for (int sequence = 1; sequence <= 6; sequence++)
            Assert.Equal(sequence, (await SendAsync(topic, producer, 0, sequence, "x")).Receipt.BaseOffset);
        Assert.Equal("DUPLICATE_SEQUENCE", (await RefusedAsync(topic, first)).Reason);
        Assert.Equal(7, (await _client.FetchAsync(topic, 0, 0)).HighWatermark);
    }

    [Fact]
    public async Task Row30_another_batch_with_the_same_sequence()
    {
        string topic = await TopicAsync();
        var producer = await NewProducerAsync();
        await SendAsync(topic, producer, 0, 0, "a");
        Assert.Equal("SEQUENCE_REUSE", (await RefusedAsync(topic, TestClient.Batch(producer, 0, 0, "other"))).Reason);
    }

    [Fact]
    public async Task Row31_old_epochs_and_unknown_producers()
    {
        string topic = await TopicAsync();
        var producer = await NewProducerAsync();
        await SendAsync(topic, producer, 0, 0, "a");
        var next = await _client.CallAsync(BrokerMethods.InitProducer, new InitProducerRequest { ProducerId = producer.Value });
        Assert.Equal((producer.Value, 1), (next.ProducerId, next.ProducerEpoch));
        await SendAsync(topic, producer, 1, 0, "b");
        Assert.Equal("PRODUCER_FENCED", (await RefusedAsync(topic, TestClient.Batch(producer, 0, 1, "c"))).Reason);
        var stranger = await NewProducerAsync();
        Assert.Equal("UNKNOWN_PRODUCER", (await RefusedAsync(topic, TestClient.Batch(stranger, 0, 5, "d"))).Reason);
    }

    [Fact]
    public async Task After_a_refused_batch_the_next_ones_are_refused_until_the_client_resends_in_order()
    {
        string topic = await TopicAsync(("max.message.bytes", "1000"));
        var producer = await NewProducerAsync();
        await SendAsync(topic, producer, 0, 0, "a");
        Assert.Equal("RECORD_TOO_LARGE", (await RefusedAsync(topic, TestClient.Batch(producer, 0, 1, new string('x', 2000)))).Reason);
        Assert.Equal("EARLIER_BATCH_FAILED", (await RefusedAsync(topic, TestClient.Batch(producer, 0, 2, "c"))).Reason);
        Assert.Equal(1, (await SendAsync(topic, producer, 0, 1, "b")).Receipt.BaseOffset);
        Assert.Equal(2, (await SendAsync(topic, producer, 0, 2, "c")).Receipt.BaseOffset);
    }

    [Fact]
    public async Task Row32_unknown_acks_and_other_fields_out_of_range()
    {
        string topic = await TopicAsync();
        var acks = new ProduceBatch { Topic = topic, Acks = (RequiredAcks)9, Records = TestClient.Batch("x") };
        Assert.Equal("INVALID_REQUIRED_ACKS", (await _client.ProduceRefusedAsync(acks)).Reason);
        var timeout = new ProduceBatch { Topic = topic, TimeoutMs = -1, Records = TestClient.Batch("x") };
        var (reason, message) = await _client.ProduceRefusedAsync(timeout);
        Assert.Equal("INVALID_ARGUMENT", reason);
        Assert.Contains("timeout_ms -1", message, StringComparison.Ordinal);
        await NothingWasWrittenAsync(topic);
    }

    [Fact]
    public async Task Weaker_acks_are_named_in_the_receipt()
    {
        string topic = await TopicAsync();
        string memory = await TopicAsync(("durability", "memory"));
        Assert.Equal(Durability.LeaderFsync, await ReachedAsync(topic, RequiredAcks.Leader));
        Assert.Equal(Durability.None, await ReachedAsync(topic, RequiredAcks.None));
        Assert.Equal(Durability.QuorumFsync, await ReachedAsync(topic, RequiredAcks.Unspecified));
        Assert.Equal(Durability.QuorumMemory, await ReachedAsync(memory, RequiredAcks.Quorum));
        Assert.Equal(Durability.LeaderMemory, await ReachedAsync(memory, RequiredAcks.Leader));

        async Task<Durability> ReachedAsync(string to, RequiredAcks acks) =>
            (await _client.ProduceAsync(new ProduceBatch { Topic = to, Acks = acks, Records = TestClient.Batch("x") })).Receipt.Durability;
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private static ByteString Sealed(byte[] batch)
    {
        BinaryPrimitives.WriteUInt32BigEndian(batch.AsSpan(BatchHeader.CrcAt), Crc32C.Compute(batch.AsSpan(BatchHeader.CrcCoverageAt)));
        return ByteString.CopyFrom(batch);
    }

    private async Task<string> TopicAsync(params (string Key, string Value)[] config) =>
        (await _client.CreateTopicAsync("t-" + Guid.NewGuid().ToString("N"), 1, config)).Name;

    private async Task<ProducerId> NewProducerAsync() =>
        new((await _client.CallAsync(BrokerMethods.InitProducer, new InitProducerRequest())).ProducerId);

    private Task<ProduceAck> SendAsync(string topic, ProducerId producer, short epoch, int sequence, params string[] values) =>
        _client.ProduceAsync(new ProduceBatch { Topic = topic, Records = TestClient.Batch(producer, epoch, sequence, values) });

    private Task<(string Reason, string Message)> RefusedAsync(string topic, ByteString records) =>
        _client.ProduceRefusedAsync(new ProduceBatch { Topic = topic, Records = records });

    private async Task NothingWasWrittenAsync(string topic) => Assert.Equal(0, (await _client.FetchAsync(topic, 0, 0)).HighWatermark);

    private async Task<string> StreamRefusedAsync(params ProduceRequest[] requests)
    {
        using var stream = _client.Channel.Duplex(BrokerMethods.Produce);
        foreach (var request in requests)
            await stream.RequestStream.WriteAsync(request);
        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await stream.ResponseStream.MoveNext())
            {
            }
        });
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        return refused.Status.Detail;
    }
}
