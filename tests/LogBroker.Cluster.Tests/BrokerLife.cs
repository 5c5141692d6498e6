using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>
/// One life of a broker: topics made and deleted, batches, rolls, trims, retention, a clean restart; with a note of all that was
/// acknowledged, begun or promised to be gone, against which <see cref="RecoverAndCheck"/> holds what a crash left.
/// </summary>
internal sealed class BrokerLife
{
    private const string Kept = "kept";
    private const string Memory = "memory";
    private const string Doomed = "doomed";

    private readonly TestBroker _broker = TestBroker.New();
    private readonly List<Sent> _sent = [];
    private readonly Dictionary<string, Change> _topics = [];
    private long _trimBegun;
    private long _trimDone;
    private int _partitionsDone;
    private int _partitionsBegun;
    private bool _altered;
    private ProducerIdentity? _producer;
    private readonly HashSet<long> _producerIds = [];

    public long Operations => _broker.Machine.Operations;

    /// <summary>Acknowledged batches: topic, first value, offset.</summary>
    public IEnumerable<(string, int, long)> Acknowledged =>
        _sent.Where(s => s.Offset >= 0).Select(s => (s.Topic, s.FirstValue, s.Offset));

    /// <summary>True when the life came to its end, false when the machine stopped in it.</summary>
    public async Task<bool> Run(long? crashAt)
    {
        _broker.Machine.CrashAt = crashAt;
        try
        {
            await Live();
            return true;
        }
        catch (SimulatedCrashException)
        {
            return false;
        }
    }

    public async Task RecoverAndCheck(LossMode mode, int seed)
    {
        await _broker.Crash(mode, seed);
        CheckTopics();
        foreach (string topic in new[] { Kept, Memory, Doomed })
        {
            if (_broker.Broker.Topics.Find(topic) is { } found)
            {
                for (int p = 0; p < found.PartitionCount; p++)
                {
                    await CheckPartition(topic, p);
                }
            }
        }

        await CheckProducer();
        await CheckGoesOn();
        Assert.Null(_broker.Fatal.Cause);
        await _broker.Broker.StopAsync(CancellationToken.None);
    }

    private async Task Live()
    {
        await _broker.Open();
        await Create(Kept, 2);
        Send(Kept, 0, records: 3);
        Send(Kept, 1, records: 1, valueBytes: 30_000);
        Send(Kept, 1, records: 1, valueBytes: 30_000);
        await InitProducer();
        SendIdempotent(sequence: 0, records: 2);
        SendIdempotent(sequence: 2, records: 1);
        await Create(Memory, 1, ("durability", "memory"));
        Send(Memory, 0, records: 5);
        Send(Kept, 1, records: 1, valueBytes: 30_000);
        await Create(Doomed, 2);
        Send(Doomed, 1, records: 2);
        await Trim(2);
        Send(Kept, 1, records: 1, valueBytes: 60_000);
        await Delete(Doomed);
        SendIdempotent(sequence: 3, records: 4);
        await Alter();
        await _broker.Restart();
        Send(Kept, 0, records: 2);
        Send(Memory, 0, records: 1);
        await InitProducer(again: true);
        _partitionsBegun = 3;
        Assert.True((await _broker.AddPartitions(Kept, 3)).IsOk);
        _partitionsDone = 3;
        Send(Kept, 2, records: 1);
        Expire();
        SendIdempotent(sequence: 7, records: 1);
        await _broker.Broker.StopAsync(CancellationToken.None);
    }

    private async Task Create(string topic, int partitions, params (string, string)[] config)
    {
        _topics[topic] = Change.CreationBegun;
        await _broker.Create(topic, partitions, config);
        _topics[topic] = Change.Created;
    }

    private async Task Delete(string topic)
    {
        _topics[topic] = Change.DeletionBegun;
        Assert.True((await _broker.DeleteTopic(topic)).IsOk);
        _topics[topic] = Change.Deleted;
    }

    private async Task Alter()
    {
        var command = new AlterTopicCommand(Kept, new Dictionary<string, string> { ["retention.ms"] = "1h" }, [], false);
        Assert.True((await _broker.Broker.AlterTopic(command, CancellationToken.None)).IsOk);
        _altered = true;
    }

    private async Task InitProducer(bool again = false)
    {
        Result<ProducerIdentity> producer = await _broker.Broker.InitProducer(null, CancellationToken.None);
        Assert.True(producer.IsOk);
        Assert.True(_producerIds.Add(producer.Value.Id.Value), "a producer id was handed out twice");
        _producer = again ? _producer : producer.Value;
    }

    private async Task Trim(long before)
    {
        _trimBegun = before;
        Result<Offset> done = await _broker.DeleteRecords(Kept, before);
        Assert.Equal(new Offset(before), done.Value);
        _trimDone = before;
    }

    /// <summary>Two hours pass: all closed segments of the altered topic expire.</summary>
    private void Expire()
    {
        _expired = true;
        _broker.Time.Advance(TimeSpan.FromHours(2));
        _broker.Pump();
    }

    private bool _expired;

    private void Send(string topic, int partition, int records, int valueBytes = 100)
    {
        var sent = new Sent(topic, partition, _sent.Sum(s => s.Records) + 1, records, valueBytes);
        Send(sent, sent.Batch());
    }

    private void SendIdempotent(int sequence, int records)
    {
        var sent = new Sent(Kept, 0, _sent.Sum(s => s.Records) + 1, records, 100, sequence);
        Send(sent, sent.Batch(_producer!.Value));
    }

    private void Send(Sent sent, byte[] batch)
    {
        _sent.Add(sent);
        Outcome outcome = _broker.Send(sent.Topic, sent.Partition, batch);
        _broker.Pump();
        ProduceOutcome answer = outcome.Answer;
        Assert.Null(answer.Error);
        sent.Offset = answer.BaseOffset.Value;
        Assert.Equal(sent.Topic == Memory ? ReachedDurability.QuorumMemory : ReachedDurability.QuorumFsync, answer.Durability);
    }

    private void CheckTopics()
    {
        foreach ((string topic, Change change) in _topics)
        {
            TopicInfo? found = _broker.Broker.Topics.Find(topic);
            bool mustBe = change == Change.Created;
            bool mustNotBe = change == Change.Deleted;
            Assert.False(mustBe && found is null, $"{topic} was created and is gone");
            Assert.False(mustNotBe && found is not null, $"{topic} was deleted and is back");
            bool hasFiles = _broker.Disk.AllFiles.Any(f => f.Contains($"/{topic}~", StringComparison.Ordinal));
            Assert.False(found is null && hasFiles, $"{topic} is gone, its files are not");
        }

        if (_broker.Broker.Topics.Find(Kept) is { } kept)
        {
            Assert.InRange(kept.PartitionCount, Math.Max(2, _partitionsDone), Math.Max(2, _partitionsBegun));
            Assert.True(!_altered || kept.Config.RetentionMs == 3_600_000);
        }

        Assert.Equal(0, _broker.Broker.Status.PartitionsQuarantined);
        Assert.Equal(0, _broker.Broker.Status.PartitionsLeaderless);
    }

    /// <summary>What is there is what was sent, in order, each at most once; what was acknowledged and not deleted is there.</summary>
    private async Task CheckPartition(string topic, int partition)
    {
        List<(long Offset, byte[] Value)> records = await _broker.ReadAll(topic, partition);
        List<(long Offset, byte[] Value)> log = [.. Expected(topic, partition)];
        PartitionDescription now = _broker.Partition(topic, partition);
        Assert.Equal(records.Count, now.HighWatermark - now.LogStart);
        foreach ((long offset, byte[] value) in records)
        {
            Assert.True(offset < log.Count, $"{topic}/{partition} offset {offset} was never sent");
            Assert.Equal(log[(int)offset].Value, value);
        }

        long end = _sent.Where(s => s.Topic == topic && s.Partition == partition && s.Offset >= 0)
            .Select(s => s.Offset + s.Records).DefaultIfEmpty(0).Max();
        bool isWhole = topic == Memory || now.HighWatermark.Value >= end;
        Assert.True(isWhole, $"{topic}/{partition} ends at {now.HighWatermark}, {end} was acknowledged");
        bool isTrimmed = topic == Kept && partition == 0;
        if (isTrimmed && !_expired)
        {
            Assert.InRange(now.LogStart.Value, _trimDone, _trimBegun);
        }
        else if (!_expired)
        {
            Assert.Equal(Offset.Zero, now.LogStart);
        }
    }

    private IEnumerable<(long Offset, byte[] Value)> Expected(string topic, int partition)
    {
        long offset = 0;
        foreach (Sent sent in _sent.Where(s => s.Topic == topic && s.Partition == partition))
        {
            Assert.True(sent.Offset < 0 || sent.Offset == offset);
            foreach (byte[] value in sent.Values())
            {
                yield return (offset++, value);
            }
        }
    }

    /// <summary>Batches of the idempotent producer that are sent again are answered with their first offset, not written again.</summary>
    private async Task CheckProducer()
    {
        foreach (Sent sent in _sent.Where(s => s.Sequence >= 0 && s.Offset >= 0).TakeLast(Limits.ProducerWindowBatches))
        {
            ProduceOutcome again = await _broker.Produce(Kept, 0, sent.Batch(_producer!.Value));
            Assert.True(again.IsDuplicate, $"sequence {sent.Sequence}: {again.Error}");
            Assert.Equal(sent.Offset, again.BaseOffset.Value);
        }

        // The one in flight at the crash: written or not, a resend leaves it there once.
        if (_sent.LastOrDefault(s => s.Sequence >= 0) is { Offset: < 0 } last)
        {
            ProduceOutcome resent = await _broker.Produce(Kept, 0, last.Batch(_producer!.Value));
            Assert.Null(resent.Error);
            long expected = Expected(Kept, 0).First(r => r.Value.AsSpan().SequenceEqual(last.Values().First())).Offset;
            Assert.Equal(expected, resent.BaseOffset.Value);
        }
    }

    /// <summary>The broker takes new work, and hands out producer ids that nobody had.</summary>
    private async Task CheckGoesOn()
    {
        Result<ProducerIdentity> producer = await _broker.Broker.InitProducer(null, CancellationToken.None);
        Assert.True(producer.IsOk && _producerIds.Add(producer.Value.Id.Value));
        await _broker.Create("after", 1);
        Assert.Equal(Offset.Zero, await _broker.ProduceOk("after", 0, TestBatches.Of(1)));
        foreach (TopicInfo topic in _broker.Broker.Topics.Topics.Where(t => !t.IsInternal))
        {
            for (int p = 0; p < topic.PartitionCount; p++)
            {
                Offset end = _broker.Partition(topic.Name, p).HighWatermark;
                Assert.Equal(end, await _broker.ProduceOk(topic.Name, p, TestBatches.Of(2)));
            }
        }
    }

    private enum Change
    {
        CreationBegun,
        Created,
        DeletionBegun,
        Deleted,
    }

    /// <summary>One batch: <paramref name="FirstValue"/> numbers its values over the whole life.</summary>
    private sealed record Sent(string Topic, int Partition, int FirstValue, int Records, int ValueBytes, int Sequence = -1)
    {
        /// <summary>Where it was acknowledged, or -1.</summary>
        public long Offset { get; set; } = -1;

        public IEnumerable<byte[]> Values()
        {
            for (int i = 0; i < Records; i++)
            {
                var value = new byte[ValueBytes];
                new Random(FirstValue + i).NextBytes(value);
                yield return value;
            }
        }

        public byte[] Batch(ProducerIdentity? producer = null)
        {
            using var builder = new BatchBuilder(Limits.BatchBytesMax);
            foreach (byte[] value in Values())
            {
                Assert.True(builder.TryAppend(1_000, OptionalBytes.Null, value));
            }

            return producer is { } p ? builder.Finish(p.Id, p.Epoch, Sequence).ToArray() : builder.Finish().ToArray();
        }
    }
}
