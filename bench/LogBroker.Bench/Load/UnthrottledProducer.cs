using System.Diagnostics;
using LogBroker.Bench.Plan;
using LogBroker.Client;

namespace LogBroker.Bench.Load;

/// <summary>
/// Hands records over as fast as the SDK takes them, with no task, callback or allocation of its own per record. What is acknowledged
/// shows at the end: the flush fails if a record did.
/// </summary>
internal sealed class UnthrottledProducer(LoadTarget target, MeasuredSpan span, int index)
{
    /// <summary>Records between two looks at the clock.</summary>
    private const int BurstRecords = 64;

    private readonly Scenario _scenario = target.Scenario;
    private long _recordsBefore = -1;

    /// <summary>Records handed over, all acknowledged when <see cref="RunAsync"/> returns.</summary>
    public long Records { get; private set; }

    /// <summary>Records that were handed over in the measured part.</summary>
    public long RecordsMeasured => _recordsBefore < 0 ? 0 : Records - _recordsBefore;

    /// <summary>Sum of their hashes.</summary>
    public ulong Checksum { get; private set; }

    /// <summary>When the last acknowledgement had come.</summary>
    public long EndTicks { get; private set; }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using LogBrokerClient client = target.Connect();
        await using Producer producer = client.CreateProducer(target.ProducerOptions());
        var values = new ValueSource(_scenario.ValueBytes, index);
        int recordsPerTurn = PartitionTurn.RecordsPerBatch(_scenario.BatchBytesMax, _scenario.ValueBytes);
        var turn = new PartitionTurn(_scenario.Partitions, index * _scenario.Partitions / _scenario.Producers, recordsPerTurn);
        long burstBytes = 0;
        while (true)
        {
            long nowTicks = Stopwatch.GetTimestamp();
            LoadStage stage = span.Advance(nowTicks, burstBytes);
            if (stage == LoadStage.Measured && _recordsBefore < 0)
            {
                _recordsBefore = Records;
            }

            if (stage == LoadStage.Over || cancellationToken.IsCancellationRequested)
            {
                break;
            }

            burstBytes = (long)BurstRecords * _scenario.ValueBytes;
            for (int i = 0; i < BurstRecords; i++)
            {
                var record = new ProducerRecord(values.Next(nowTicks)) { Partition = turn.Current };
                ValueTask taken = producer.EnqueueAsync(target.Topic, record, CancellationToken.None);
                if (!taken.IsCompletedSuccessfully)
                {
                    await taken;
                }

                Checksum += values.LastHash;
                turn.Advance();
            }

            Records += BurstRecords;
        }

        await producer.FlushAsync(cancellationToken);
        EndTicks = Stopwatch.GetTimestamp();
    }
}
