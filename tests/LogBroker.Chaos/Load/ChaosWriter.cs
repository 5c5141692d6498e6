using LogBroker.Client;

namespace LogBroker.Chaos;

/// <summary>What a writer is.</summary>
/// <param name="Id">Its number in values.</param>
/// <param name="IsIdempotent">False for one without producer id and sequences.</param>
/// <param name="DeliveryTimeout">When it gives a record up.</param>
/// <param name="RecordsPerSecond">Its pace.</param>
internal sealed record WriterSettings(int Id, bool IsIdempotent, TimeSpan DeliveryTimeout, int RecordsPerSecond);

/// <summary>
/// Writes unique values to all partitions at a steady pace, many on their way at a time, and enters what became of each into the history.
/// Can be crashed: then it goes on as another process with another client.
/// </summary>
internal sealed class ChaosWriter(LoadContext context, WriterSettings settings)
{
    private const int InFlightMax = 400;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);

    private readonly List<Task> _ends = [];
    private long _number;
    private volatile Life? _life;

    public WriterSettings Settings => settings;

    /// <summary>Writes until it is stopped; what is on its way then is waited for.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var life = new Life(context, settings);
            _life = life;
            await WriteAsync(life, stop);
            _ends.Add(life.EndAsync());
        }

        await Task.WhenAll(_ends);
    }

    /// <summary>Throws the client away with all that is on its way.</summary>
    public void Crash() => _life?.Crash();

    private async Task WriteAsync(Life life, CancellationToken stop)
    {
        double due = 0;
        while (!stop.IsCancellationRequested && !life.IsCrashed)
        {
            due += settings.RecordsPerSecond * Pace.TotalSeconds;
            for (; due >= 1; due--)
            {
                if (life.InFlight >= InFlightMax)
                {
                    due = 0; // It does not make up for an outage afterwards.
                    break;
                }

                await life.SendAsync((int)(_number % context.PartitionsCount), new RecordValue(settings.Id, _number));
                _number++;
            }

            await Wait.ForAsync(Pace, CancellationToken.None);
        }
    }

    /// <summary>One client of the writer: a process of the history.</summary>
    private sealed class Life
    {
        private static readonly TimeSpan EndGrace = TimeSpan.FromSeconds(30);

        private readonly LoadContext _context;
        private readonly WriterSettings _settings;
        private readonly LogBrokerClient _client;
        private readonly Producer _producer;
        private readonly int _process;
        private int _inFlight;
        private volatile bool _isCrashed;

        public Life(LoadContext context, WriterSettings settings)
        {
            _context = context;
            _settings = settings;
            _process = context.Recorder.NewProcess();
            _client = context.NewClient($"writer {settings.Id}");
            _producer = _client.CreateProducer(new ProducerOptions
            {
                EnableIdempotence = settings.IsIdempotent,
                DeliveryTimeout = settings.DeliveryTimeout,
                AckTimeout = settings.DeliveryTimeout,
                Linger = TimeSpan.FromMilliseconds(2),
            });
        }

        public bool IsCrashed => _isCrashed;

        public int InFlight => Volatile.Read(ref _inFlight);

        public async Task SendAsync(int partition, RecordValue value)
        {
            var record = new PlacedRecord(partition, PlacedRecord.NoOffset, value);
            int invocation = _context.Recorder.Invoke(_process, OpAction.Send, record);
            var sending = new Sending(this, invocation, record);
            Interlocked.Increment(ref _inFlight);
            try
            {
                var sent = new ProducerRecord(ValueCoding.Key(value), ValueCoding.Value(value)) { Partition = partition };
                await _producer.EnqueueAsync(_context.Topic, sent, OnDelivered, sending);
            }
            catch (LogBrokerException e)
            {
                End(sending, default, e);
            }
        }

        public void Crash()
        {
            if (_isCrashed)
                return;
            _isCrashed = true;
            _context.Recorder.Mark(_process, OpAction.Crash);
        }

        public async Task EndAsync()
        {
            if (_isCrashed)
                await _client.DisposeAsync();
            try
            {
                await _producer.DisposeAsync().AsTask().WaitAsync(_settings.DeliveryTimeout + EndGrace);
            }
            catch (LogBrokerException)
            {
                // Each record has told its own end.
            }
            catch (TimeoutException)
            {
                _context.AddProblem($"a producer did not end within its delivery timeout of {_settings.DeliveryTimeout} and a grace");
            }

            await _client.DisposeAsync();
        }

        private static void OnDelivered(object? state, in ProduceReceipt receipt, LogBrokerException? error)
        {
            var sending = (Sending)state!;
            sending.Life.End(sending, receipt, error);
        }

        private void End(Sending sending, ProduceReceipt receipt, LogBrokerException? error)
        {
            Interlocked.Decrement(ref _inFlight);
            if (error is null && !_isCrashed)
            {
                if (receipt.Durability != Durability.QuorumFsync)
                    _context.AddProblem($"{sending.Record.Value} was acknowledged as {receipt.Durability} only");
                _context.CountAck();
                _context.Recorder.Complete(sending.Invocation, OpType.Ok, sending.Record with { Offset = receipt.Offset });
                return;
            }

            bool isUnknown = _isCrashed || error is OutcomeUnknownException;
            _context.CountOutcome(_isCrashed ? "crashed" : error is ServerUnreachableException ? "UNREACHABLE" : $"{error!.Reason}");
            _context.Recorder.Complete(sending.Invocation, isUnknown ? OpType.Info : OpType.Fail, sending.Record);
        }

        private sealed record Sending(Life Life, int Invocation, PlacedRecord Record);
    }
}
