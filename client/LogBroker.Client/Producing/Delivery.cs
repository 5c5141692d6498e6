namespace LogBroker.Client;

/// <summary>Who wants to hear of a record's end; default for nobody.</summary>
/// <param name="Target">A <see cref="ReceiptSource"/>, a <see cref="DeliveryCallback"/>, or null.</param>
/// <param name="State">What the callback gets.</param>
internal readonly record struct Delivery(object? Target, object? State);

/// <summary>A listener and the record of the batch that it listens to.</summary>
/// <param name="Delivery">The listener.</param>
/// <param name="Index">The record's place in the batch.</param>
/// <param name="TimestampMs">The record's time.</param>
internal readonly record struct PlacedDelivery(Delivery Delivery, int Index, long TimestampMs);
