// The computer at the other end of the USB cable: sets the device up, takes what its serial port writes, and sends.
// Uses: rp2040js's USBCDC, which it makes wait: a real host sends when it has something, not empty packets all the time.

import { USBCDC } from "rp2040js";

export class UsbHost extends USBCDC {
  /** onData(bytes) is called with what the device wrote. */
  constructor(usb, onData) {
    super(usb);
    this.onSerialData = onData;
    this.queue = []; // bytes to send
    this.room = 0; // bytes that the device is ready to take; 0 while it is not
    this.isOpen = false; // the device knows that somebody reads its serial port
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
