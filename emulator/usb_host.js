// The computer at the other end of the USB cable: sets up the device, reads its serial port's output, and sends input.
// Uses: rp2040js's USBCDC, which is made to wait: a real host sends only when it has something, and not empty packets
// all the time.

import { USBCDC } from "rp2040js";

export class UsbHost extends USBCDC {
  /** onData(bytes) is called with what the device wrote. */
  constructor(usb, onData) {
    super(usb);
    this.onSerialData = onData;
    this.queue = []; // bytes to send
    this.room = 0; // bytes that the device is ready to receive; 0 while it is not
    this.isOpen = false; // the device has been told that somebody reads its serial port
    this.onDeviceConnected = () => { this.isOpen = true; };
    usb.onEndpointRead = (endpoint, size) => {
      if (endpoint === this.outEndpoint) {
        this.room = size;
        this.deliver();
      }
    };
  }

  send(bytes) {
    for (const byte of bytes) {
      this.queue.push(byte);
    }
    this.deliver();
  }

  deliver() {
    if (this.room > 0 && this.queue.length > 0) {
      const packet = Uint8Array.from(this.queue.splice(0, this.room));
      this.room = 0;
      this.usb.endpointReadDone(this.outEndpoint, packet);
    }
  }
}
